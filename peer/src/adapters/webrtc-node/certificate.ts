import { KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { Integer, Utf8String } from 'asn1js';
import { AttributeTypeAndValue, Certificate } from 'pkijs';

/** A self-signed certificate with its key, and its SHA-256 fingerprint as in SDP. */
export type DtlsCertificate = {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly fingerprint: string;
};

const COMMON_NAME = '2.5.4.3';
const DAY_MS = 86_400_000;

/**
 * Makes a certificate as browsers do for a connection: ECDSA on P-256, nobody's name in it. A day's
 * validity behind us allows for clocks that differ; tickets bound the use, not the certificate.
 */
export async function createDtlsCertificate(): Promise<DtlsCertificate> {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const certificate = new Certificate();
  certificate.version = 2;
  certificate.serialNumber = new Integer({ value: 1 });
  for (const name of [certificate.subject, certificate.issuer]) {
    name.typesAndValues.push(
      new AttributeTypeAndValue({ type: COMMON_NAME, value: new Utf8String({ value: 'p2ptv' }) }),
    );
  }
  certificate.notBefore.value = new Date(Date.now() - DAY_MS);
  certificate.notAfter.value = new Date(Date.now() + 3650 * DAY_MS);
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey);
  await certificate.sign(keys.privateKey, 'SHA-256');
  const parsed = new X509Certificate(Buffer.from(certificate.toSchema().toBER()));
  return {
    certificatePem: parsed.toString(),
    keyPem: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
    fingerprint: parsed.fingerprint256,
  };
}
