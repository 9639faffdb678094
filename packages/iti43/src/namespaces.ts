/** Namespace names, actions and algorithm identifiers on the wire of ITI-43. Origin: docs/spec/iti-43.md, section 1. */

export const ns = {
  soap: 'http://www.w3.org/2003/05/soap-envelope',
  wsa: 'http://www.w3.org/2005/08/addressing',
  wsu: 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd',
  wsse: 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd',
  ds: 'http://www.w3.org/2000/09/xmldsig#',
  dsig11: 'http://www.w3.org/2009/xmldsig11#',
  exclusive: 'http://www.w3.org/2001/10/xml-exc-c14n#',
  xds: 'urn:ihe:iti:xds-b:2007',
  rs: 'urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0',
  saml: 'urn:oasis:names:tc:SAML:2.0:assertion',
  xop: 'http://www.w3.org/2004/08/xop/include',
  xml: 'http://www.w3.org/XML/1998/namespace',
} as const;

export const action = {
  request: 'urn:ihe:iti:2007:RetrieveDocumentSet',
  response: 'urn:ihe:iti:2007:RetrieveDocumentSetResponse',
  soapFault: 'http://www.w3.org/2005/08/addressing/soap/fault',
  addressingFault: 'http://www.w3.org/2005/08/addressing/fault',
} as const;

export const ANONYMOUS_ADDRESS = 'http://www.w3.org/2005/08/addressing/anonymous';

/** RFC 9231, section 2.3.12: pure Ed25519. */
export const EDDSA_ED25519 = 'http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519';
export const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
export const EXCLUSIVE_C14N = ns.exclusive;

export const XOP_MEDIA_TYPE = 'application/xop+xml';
export const SOAP_MEDIA_TYPE = 'application/soap+xml';
