/** A site's own policy beside the ledger: it may refuse, and allows nothing. */
import { type Signer, toHex } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { post, signedMessage } from './test-consumer.js';
import { TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { publishedStudy } from './test-patient.js';

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
