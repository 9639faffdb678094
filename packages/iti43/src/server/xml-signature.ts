/**
 * The one shape of XML Signature that the profile allows, and its check. Source: XML Signature 1.1; RFC 9231, section
 * 2.3.12; docs/spec/iti-43.md, section 3.
 */
import { fromHex, isStrictPublicKey, toHex, utf8, verifyFast } from '@radledger/primitives';
import { ExclusiveCanonicalization, type SignatureAlgorithm, SignedXml } from 'xml-crypto';
import { Iti43Error } from '../errors.js';
import { decodeBase64, decodeKeyValue } from '../key-info.js';
import { EDDSA_ED25519, EXCLUSIVE_C14N, ns, SHA256 } from '../namespaces.js';
import {
  attribute,
  attributesOf,
  childElements,
  descendantsAndSelf,
  type Element,
  holdsOnlyElements,
  isNamed,
  textOf,
  type XmlDocument,
} from '../xml-tree.js';

interface SignatureReference {
  /** The value of URI without `#`. */
  readonly id: string;
  readonly transform: Element;
}

export interface ReadSignature {
  readonly element: Element;
  readonly signedInfo: Element;
  readonly canonicalizationMethod: Element;
  /** 1 or more, in the order of SignedInfo. */
  readonly references: readonly SignatureReference[];
  /** Text of SignatureValue, white space included. */
  readonly signatureText: string;
  /** 64 bytes. */
  readonly signature: Uint8Array;
  /** The key of KeyInfo, 64 lower-case hex: a claim until `verifySignature` has checked with it. */
  readonly signer: string;
}

const COMMENT_NODE = 8;

/**
 * Reads a Signature that has no freedom left: fixed children, fixed algorithms, text-only values.
 * @throws {Iti43Error} `SIGNATURE_STRUCTURE` | `ALGORITHM_REFUSED` | `REFERENCE_REFUSED` | `KEY_REFUSED`
 */
export function readSignature(element: Element): ReadSignature {
  for (const part of descendantsAndSelf(element)) {
    if (Array.from(part.childNodes).some((node) => node.nodeType === COMMENT_NODE)) {
      throw structure('comment', 'a Signature holds no comment');
    }
  }
  const [signedInfo, signatureValue, keyInfo] = exactChildren(element, ['SignedInfo', 'SignatureValue', 'KeyInfo']);
  const [canonicalizationMethod, signatureMethod, ...referenceElements] = childElements(signedInfo);
  if (canonicalizationMethod === undefined || !isNamed(canonicalizationMethod, ns.ds, 'CanonicalizationMethod')) {
    throw structure('signed-info', 'SignedInfo begins with CanonicalizationMethod');
  }
  if (signatureMethod === undefined || !isNamed(signatureMethod, ns.ds, 'SignatureMethod')) {
    throw structure('signed-info', 'SignatureMethod follows CanonicalizationMethod');
  }
  checkAlgorithm(canonicalizationMethod, EXCLUSIVE_C14N, { prefixList: true });
  checkAlgorithm(signatureMethod, EDDSA_ED25519);
  if (!holdsOnlyElements(signedInfo) || referenceElements.length === 0) {
    throw structure('signed-info', 'SignedInfo holds one Reference or more');
  }
  const signatureText = textOf(signatureValue, () => structure('signature-value', 'SignatureValue is text only'));
  const signature = decodeBase64(signatureText);
  if (signature?.length !== 64) throw structure('signature-value', 'an Ed25519 signature has 64 bytes');
  return {
    element,
    signedInfo,
    canonicalizationMethod,
    references: referenceElements.map(readReference),
    signatureText,
    signature,
    signer: readSigner(keyInfo),
  };
}

function readReference(element: Element): SignatureReference {
  const uri = attribute(element, 'URI');
  const plain = attributesOf(element).every(({ name }) => name === 'URI' || name === 'Id' || name.startsWith('xmlns'));
  if (!isNamed(element, ns.ds, 'Reference') || !plain) throw structure('reference', 'a Reference has URI only');
  if (uri === undefined || !/^#[A-Za-z_][A-Za-z0-9_.-]{0,255}$/.test(uri)) {
    throw new Iti43Error(
      { code: 'REFERENCE_REFUSED', rule: 'uri' },
      'a Reference names an element of this message by #Id',
    );
  }
  const [transforms, digestMethod, digestValue] = exactChildren(element, ['Transforms', 'DigestMethod', 'DigestValue']);
  const [transform] = exactChildren(transforms, ['Transform']);
  checkAlgorithm(transform, EXCLUSIVE_C14N, { prefixList: true });
  checkAlgorithm(digestMethod, SHA256);
  const digest = decodeBase64(textOf(digestValue, () => structure('digest-value', 'DigestValue is text only')));
  if (digest?.length !== 32) throw structure('digest-value', 'a SHA-256 digest has 32 bytes');
  return { id: uri.slice(1), transform };
}

function readSigner(keyInfo: Element): string {
  const refuse = (rule: string): Iti43Error =>
    new Iti43Error({ code: 'KEY_REFUSED', rule }, 'KeyInfo holds one dsig11:DEREncodedKeyValue with an Ed25519 key');
  const [value, ...more] = childElements(keyInfo);
  if (
    value === undefined ||
    more.length > 0 ||
    !isNamed(value, ns.dsig11, 'DEREncodedKeyValue') ||
    !holdsOnlyElements(keyInfo)
  ) {
    throw refuse('key-form');
  }
  const key = decodeKeyValue(textOf(value, () => refuse('key-form')));
  if (key === undefined) throw refuse('key-form');
  if (!isStrictPublicKey(key)) throw refuse('weak-key');
  return toHex(key);
}

/** Exactly these children in this order, all of XML Signature, with nothing but white space between. */
function exactChildren<const Names extends readonly string[]>(
  parent: Element,
  names: Names,
): { [Index in keyof Names]: Element } {
  const children = childElements(parent);
  const exact = children.length === names.length && names.every((name, at) => hasName(children[at], name));
  if (!exact || !holdsOnlyElements(parent)) {
    throw structure('children', `${parent.localName ?? ''} holds ${names.join(', ')} and nothing else`);
  }
  return children as unknown as { [Index in keyof Names]: Element };
}

function hasName(element: Element | undefined, localName: string): boolean {
  return element !== undefined && isNamed(element, ns.ds, localName);
}

function checkAlgorithm(element: Element, algorithm: string, { prefixList = false } = {}): void {
  const actual = attribute(element, 'Algorithm') ?? '';
  if (actual !== algorithm) {
    throw new Iti43Error(
      { code: 'ALGORITHM_REFUSED', algorithm: actual.slice(0, 200) },
      `only ${algorithm} is allowed`,
    );
  }
  const children = childElements(element);
  const allowed =
    children.length === 0 ||
    (prefixList &&
      children.length === 1 &&
      children.every((child) => isNamed(child, ns.exclusive, 'InclusiveNamespaces')));
  if (!allowed || !holdsOnlyElements(element)) throw structure('parameters', `${algorithm} takes no such parameter`);
}

function structure(rule: string, message: string): Iti43Error {
  return new Iti43Error({ code: 'SIGNATURE_STRUCTURE', rule }, message);
}

/**
 * Checks the signature, then that each given element of our tree, canonicalized, is what its reference signed.
 * @param signed - the element that we are going to use for each of `signature.references`, in the same order
 * @throws {Iti43Error} `SIGNATURE_INVALID` | `NOT_WHAT_WAS_SIGNED`
 */
export async function verifySignature(
  document: XmlDocument,
  signature: ReadSignature,
  signed: readonly Element[],
): Promise<void> {
  const invalid = (cause?: unknown): Iti43Error =>
    new Iti43Error({ code: 'SIGNATURE_INVALID' }, 'the signature does not match the message', { cause });
  const checker = new SignedXml({ idMode: 'wssecurity' });
  checker.idAttributes = ['Id']; // we located by wsu:Id; each further name costs a walk through the tree per reference
  checker.CanonicalizationAlgorithms = { [EXCLUSIVE_C14N]: CodePointOrderedC14n };
  const sha256 = checker.HashAlgorithms[SHA256];
  checker.HashAlgorithms = sha256 === undefined ? {} : { [SHA256]: sha256 };
  const canonical = (element: Element, holderOfPrefixList: Element): string =>
    checker.getCanonXml([EXCLUSIVE_C14N], element, {
      inclusiveNamespacesPrefixList: prefixListOf(holderOfPrefixList),
      ancestorNamespaces: ancestorNamespacesOf(element),
    });

  const signedInfo = canonical(signature.signedInfo, signature.canonicalizationMethod);
  if (!(await verifyFast(fromHex(signature.signer), utf8(signedInfo), signature.signature))) throw invalid();

  // xml-crypto checks synchronously, our one rule for Ed25519 does not: so it is told what was verified just now, and
  // says yes to nothing else.
  checker.SignatureAlgorithms = { [EDDSA_ED25519]: verifiedOnly(signedInfo, signature.signatureText) };
  checker.publicCert = signature.signer;
  try {
    checker.loadSignature(checker.getCanonXml([EXCLUSIVE_C14N], signature.element));
    if (!checker.checkSignature(document.text)) throw invalid();
  } catch (error) {
    throw error instanceof Iti43Error ? error : invalid(error);
  }
  const authentic = checker.getSignedReferences();
  const same = signed.every((element, at) => {
    const transform = signature.references[at]?.transform;
    return transform !== undefined && canonical(element, transform) === authentic[at];
  });
  if (!same || authentic.length !== signature.references.length || signed.length !== authentic.length) {
    throw new Iti43Error({ code: 'NOT_WHAT_WAS_SIGNED' }, 'the signature covers other elements than those in use');
  }
}

function verifiedOnly(signedInfo: string, signatureText: string): new () => SignatureAlgorithm {
  const compact = (text: string): string => text.replace(/[ \t\r\n]+/g, '');
  return class implements SignatureAlgorithm {
    getAlgorithmName(): string {
      return EDDSA_ED25519;
    }
    getSignature(): string {
      throw new Error('this side only verifies');
    }
    verifySignature(material: string, _key: unknown, signatureValue: string): boolean {
      return material === signedInfo && compact(signatureValue) === compact(signatureText);
    }
  };
}

/** xml-crypto sorts namespace prefixes by locale; Canonical XML 1.0, section 2.2, by code point. They differ on S and a. */
class CodePointOrderedC14n extends ExclusiveCanonicalization {
  override nsCompare(a: { readonly prefix: string }, b: { readonly prefix: string }): number {
    return a.prefix === b.prefix ? 0 : a.prefix < b.prefix ? -1 : 1;
  }
}

function prefixListOf(algorithm: Element): string[] {
  return childElements(algorithm)
    .flatMap((child) => (attribute(child, 'PrefixList') ?? '').split(/[ \t\r\n]+/))
    .filter((prefix) => prefix !== '');
}

function ancestorNamespacesOf(element: Element): { prefix: string; namespaceURI: string }[] {
  const found = new Map<string, string>();
  for (let node = element.parentNode; node !== null; node = node.parentNode) {
    if (node.nodeType !== 1) break;
    for (const { name, value } of attributesOf(node as Element)) {
      if (name.startsWith('xmlns:') && !found.has(name.slice(6))) found.set(name.slice(6), value);
    }
  }
  return Array.from(found, ([prefix, namespaceURI]) => ({ prefix, namespaceURI }));
}
