/** The operator API's part for the desk and the privacy office. Spec: docs/spec/gateway-api.md, section 2. */
import { IDENTITY_CHECKS } from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import type { Express } from 'express';
import { SHEET_LANGUAGES } from '../sheet/sheet-texts.js';
import type { Desk } from '../source/desk.js';
import { EMERGENCY_REASONS } from '../source/emergencies.js';
import type { Erasure } from '../source/erasures.js';
import type { KeptPrivacyEntry } from '../source/privacy-office.js';
import type { StandingLink } from '../source/standing-links.js';
import { hexOf, membersOf, oneIn, textOf, uidOf } from './json-body.js';

const SHEET_PARTS = ['invitation', 'code'] as const;
const LINK_STATES: readonly StandingLink['state'][] = ['active', 'paused', 'ended'];

export function addDeskRoutes(app: Express, desk: Desk, privacyContact: string): void {
  app.get('/v1/invitations/:invitationId/sheet', async (request, response) => {
    const { language = 'en', part = 'invitation' } = request.query;
    // Loaded when the first sheet is asked for: fonts and PDF are a good part of a gateway's start.
    const { renderInvitationSheet } = await import('../sheet/invitation-sheet.js');
    const sheet = await renderInvitationSheet({
      ...(await desk.sheetOf(String(request.params.invitationId))),
      language: oneIn(SHEET_LANGUAGES, language),
      part: oneIn(SHEET_PARTS, part),
      privacyContact,
    });
    response.type('application/pdf').send(Buffer.from(sheet));
  });
  app.get('/v1/studies/:studyInstanceUid/standing-link', async (request, response) => {
    const link = await desk.linkFor(uidOf(request.params.studyInstanceUid));
    response.json({ link: link === undefined ? null : linkJson(link) });
  });
  app.post('/v1/studies/:studyInstanceUid/send', async (request, response) => {
    const { label } = membersOf(request.body, [], ['label']);
    const shown = label === undefined || label === null ? undefined : textOf(label, 128);
    await desk.send(uidOf(request.params.studyInstanceUid), shown);
    response.status(202).json({});
  });
  app.post('/v1/studies/:studyInstanceUid/wrong-patient', async (request, response) => {
    membersOf(request.body, []);
    await desk.endWrongPatient(uidOf(request.params.studyInstanceUid));
    response.status(202).json({});
  });
  app.post('/v1/studies/:studyInstanceUid/erase', async (request, response) => {
    membersOf(request.body, []);
    const erasures = await desk.erase(uidOf(request.params.studyInstanceUid));
    response.status(202).json({ erasures: erasures.map(erasureJson) });
  });
  app.get('/v1/erasures', async (_request, response) => {
    response.json({ erasures: (await desk.erasures()).map(erasureJson) });
  });
  app.post('/v1/studies/:studyInstanceUid/replace-access', async (request, response) => {
    const body = membersOf(request.body, ['identityCheckedBy']);
    const identityCheckedBy = oneIn(IDENTITY_CHECKS, body.identityCheckedBy);
    response.status(201).json(await desk.replaceAccess(uidOf(request.params.studyInstanceUid), identityCheckedBy));
  });
  app.post('/v1/studies/:studyInstanceUid/emergency', async (request, response) => {
    const body = membersOf(request.body, ['receiver', 'clinician', 'confirmedBy', 'reason']);
    const { studyId, untilMs } = await desk.releaseInEmergency({
      studyInstanceUid: uidOf(request.params.studyInstanceUid),
      receiver: hexOf(body.receiver, 32),
      clinician: textOf(body.clinician, 128),
      confirmedBy: textOf(body.confirmedBy, 128),
      reason: oneIn(EMERGENCY_REASONS, body.reason),
    });
    response.status(201).json({ studyId: toHex(studyId), untilMs });
  });
  app.post('/v1/studies/:studyInstanceUid/replace-access/cancel', async (request, response) => {
    membersOf(request.body, []);
    await desk.cancelReplacement(uidOf(request.params.studyInstanceUid));
    response.status(202).json({});
  });
  app.get('/v1/standing-links', async (_request, response) => {
    response.json({ links: (await desk.links.list()).map(linkJson) });
  });
  app.post('/v1/standing-links/:linkId', async (request, response) => {
    const { state } = membersOf(request.body, ['state']);
    await desk.links.setState(String(request.params.linkId), oneIn(LINK_STATES, state));
    response.json({});
  });
  app.get('/v1/privacy-office', async (_request, response) => {
    response.json({ entries: (await desk.office.list()).map(entryJson) });
  });
  app.post('/v1/privacy-office/:entryId/close', async (request, response) => {
    membersOf(request.body, []);
    await desk.office.close(String(request.params.entryId));
    response.json({});
  });
}

function linkJson({ linkId, createdAtMs, state, keys, published }: StandingLink) {
  return { linkId, createdAtMs, state, keysLeft: keys.length, published: published.length };
}

function entryJson({ format: _, studyId, closedAtMs, ...entry }: KeptPrivacyEntry) {
  return { ...entry, studyId: toHex(studyId), closedAtMs: closedAtMs ?? null };
}

function erasureJson({ studyId, note }: Erasure) {
  return {
    studyId: toHex(studyId),
    state: note === undefined ? 'erasing' : 'erased',
    erasedAtMs: note?.erasedAtMs ?? null,
    erased: note?.erased ?? [],
    stays: (note?.stays ?? []).map(({ what, untilMs }) => ({ what, untilMs: untilMs ?? null })),
    note: note === undefined ? null : toHex(note.bytes),
  };
}
