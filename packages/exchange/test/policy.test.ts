/** A site's own policy beside the ledger: it may refuse, and allows nothing. */
import { type Signer, toHex } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { ask, post, signedMessage } from './test-consumer.js';
import { TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { publishedStudy } from './test-patient.js';
import { jsonOf, look, shown } from './test-viewer.js';

test('an XUA assertion reaches the policy unchecked: without it the owner is refused, with it a stranger gains nothing', async () => {
  const hospital = await TestHospital.open();
  try {
    const { owner, disclosure } = await publishedStudy(hospital);
    const asked: (string | undefined)[] = [];
    await hospital.source.close();
    await hospital.openSource({
      policy({ assertion }) {
        asked.push(assertion);
        return assertion?.includes('ETREAT') === true;
      },
    });
    const answerTo = async (signer: Signer, assertion: string): Promise<string> => {
      const text = Buffer.from(await signedMessage(hospital, signer, toHex(disclosure.studyId))).toString('utf8');
      const { body } = await post(
        hospital,
        Buffer.from(text.replace('</wsse:Security>', `${assertion}</wsse:Security>`)),
      );
      return /ResponseStatusType:(\w+)/.exec(body)?.[1] ?? body;
    };
    const xua = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1"><p>ETREAT</p></saml:Assertion>`;
    expect(await answerTo(owner, '')).toBe('Failure');
    expect(await answerTo(owner, xua)).toBe('Success');
    expect(await answerTo(await signerOf('stranger'), xua)).toBe('Failure');
    expect(asked).toEqual([undefined, expect.stringContaining('<p>ETREAT</p>'), expect.stringContaining('ETREAT')]);
  } finally {
    await hospital.close();
  }
});

// Regression: DICOMweb went past the policy.
test('it is asked of DICOMweb too, once a request, with all that is asked for and no assertion', async () => {
  const hospital = await TestHospital.open();
  try {
    const { owner, disclosure } = await publishedStudy(hospital);
    const studyId = toHex(disclosure.studyId);
    const nobody = '0'.repeat(64);
    const asked: unknown[] = [];
    let allows = false;
    await hospital.source.close();
    await hospital.openSource({
      policy({ signer, documents, assertion, peerAddress }) {
        asked.push([signer, documents.map(({ documentUniqueId }) => documentUniqueId), assertion, peerAddress]);
        return allows;
      },
    });
    const paths = [`/dicom-web/studies/${studyId}/manifest`, `/fhir/ImagingStudy/${studyId}`];
    const search = `/dicom-web/studies?studyId=${studyId}&studyId=${nobody}`;
    const unknown = shown(await look(hospital, owner, `/dicom-web/studies/${nobody}`));
    for (const path of paths) expect(shown(await look(hospital, owner, path))).toBe(unknown);
    expect(jsonOf(await look(hospital, owner, search))).toEqual([]);
    allows = true;
    for (const path of paths) expect((await look(hospital, owner, path)).status).toBe(200);
    expect(jsonOf(await look(hospital, owner, search))).toHaveLength(1);
    const about = (...ids: string[]) => [toHex(owner.publicKey), ids, undefined, '127.0.0.1'];
    const round = [about(studyId), about(studyId), about(studyId, nobody)];
    expect(asked).toEqual([about(nobody), ...round, ...round]);
  } finally {
    await hospital.close();
  }
});

// Regression: DICOMweb answered it with a connection that was cut.
test('a policy that throws ends the request with a code, whatever is asked for', async () => {
  const hospital = await TestHospital.open();
  try {
    const { owner, disclosure } = await publishedStudy(hospital);
    await hospital.source.close();
    await hospital.openSource({
      policy() {
        throw new Error('the rules cannot be read');
      },
    });
    const studyId = toHex(disclosure.studyId);
    expect(await ask(hospital, owner, studyId)).toBe('XDSRepositoryError');
    const seen = await look(hospital, owner, `/dicom-web/studies/${studyId}`);
    expect([seen.status, jsonOf(seen)]).toEqual([
      500,
      { error: { code: 'FAILED', message: expect.any(String) as string } },
    ]);
    expect(shown(await look(hospital, owner, `/dicom-web/studies/${'0'.repeat(64)}`))).toBe(shown(seen));
    expect(hospital.failures).toContainEqual(expect.objectContaining({ message: 'the rules cannot be read' }));
  } finally {
    await hospital.close();
  }
});
