import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.xml.XMLConstants;
import javax.xml.crypto.dom.DOMStructure;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.DigestMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.soap.MessageFactory;
import javax.xml.soap.SOAPConstants;
import javax.xml.soap.SOAPMessage;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** The signature of a request, by the JDK's own XML signatures (JSR 105) on a plain DOM. */
final class Wss {
  static final String SOAP = "http://www.w3.org/2003/05/soap-envelope";
  static final String WSA = "http://www.w3.org/2005/08/addressing";
  static final String WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
  static final String WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
  static final String DS = "http://www.w3.org/2000/09/xmldsig#";
  static final String DSIG11 = "http://www.w3.org/2009/xmldsig11#";
  static final String ED25519 = "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519";
  private static final String[] SIGNED_HEADERS = {"Action", "MessageID", "To", "ReplyTo"};

  private Wss() {}

  static PrivateKey privateKey(Path pem) throws Exception {
    String body = Files.readString(pem).replaceAll("-----[^-]+-----|\\s", "");
    return KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(body)));
  }

  static PublicKey publicKey(byte[] spki) throws Exception {
    return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(spki));
  }

  /** The same message with Timestamp and Signature in its header. */
  static void sign(SOAPMessage message, PrivateKey key, byte[] spki, Instant created) throws Exception {
    Document document = plainDom(message);
    Element header = only(document, SOAP, "Header");
    List<Element> parts = new ArrayList<>();
    for (String name : SIGNED_HEADERS) {
      NodeList found = header.getElementsByTagNameNS(WSA, name);
      if (found.getLength() > 0) parts.add((Element) found.item(0));
    }
    Element security = document.createElementNS(WSSE, "wsse:Security");
    security.setAttributeNS(SOAP, header.getPrefix() + ":mustUnderstand", "true");
    header.appendChild(security);
    Element timestamp = document.createElementNS(WSU, "wsu:Timestamp");
    security.appendChild(timestamp);
    text(timestamp, "wsu:Created", created.truncatedTo(ChronoUnit.SECONDS).toString());
    text(timestamp, "wsu:Expires", created.truncatedTo(ChronoUnit.SECONDS).plusSeconds(120).toString());
    parts.add(timestamp);
    parts.add(only(document, SOAP, "Body"));

    XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM");
    DOMSignContext context = new DOMSignContext(key, security);
    context.setDefaultNamespacePrefix("ds");
    List<Reference> references = new ArrayList<>();
    for (int index = 0; index < parts.size(); index++) {
      Element part = parts.get(index);
      declare(part, "wsu", WSU);
      part.setAttributeNS(WSU, "wsu:Id", "jvm-" + index);
      context.setIdAttributeNS(part, WSU, "Id");
      Transform transform = factory.newTransform(CanonicalizationMethod.EXCLUSIVE, (TransformParameterSpec) null);
      DigestMethod digest = factory.newDigestMethod(DigestMethod.SHA256, null);
      references.add(factory.newReference("#jvm-" + index, digest, List.of(transform), null, null));
    }
    SignedInfo info = factory.newSignedInfo(
        factory.newCanonicalizationMethod(CanonicalizationMethod.EXCLUSIVE, (C14NMethodParameterSpec) null),
        factory.newSignatureMethod(ED25519, null),
        references);
    Element value = document.createElementNS(DSIG11, "dsig11:DEREncodedKeyValue");
    value.setTextContent(Base64.getEncoder().encodeToString(spki));
    KeyInfoFactory keys = factory.getKeyInfoFactory();
    KeyInfo keyInfo = keys.newKeyInfo(List.of(new DOMStructure(value)));
    factory.newXMLSignature(info, keyInfo).sign(context);
    replace(message, document);
  }

  /** Whether a message carries a valid signature over its Body; the key is the one that it names. */
  static boolean isSigned(SOAPMessage message) throws Exception {
    Document document = plainDom(message);
    Element signature = only(document, DS, "Signature");
    String spki = only(document, DSIG11, "DEREncodedKeyValue").getTextContent().replaceAll("\\s", "");
    DOMValidateContext context = new DOMValidateContext(publicKey(Base64.getDecoder().decode(spki)), signature);
    NodeList all = document.getElementsByTagNameNS("*", "*");
    for (int index = 0; index < all.getLength(); index++) {
      Element element = (Element) all.item(index);
      if (element.hasAttributeNS(WSU, "Id")) context.setIdAttributeNS(element, WSU, "Id");
    }
    var read = XMLSignatureFactory.getInstance("DOM").unmarshalXMLSignature(context);
    String bodyId = "#" + only(document, SOAP, "Body").getAttributeNS(WSU, "Id");
    boolean coversBody = read.getSignedInfo().getReferences().stream().anyMatch(one -> ((Reference) one).getURI().equals(bodyId));
    return coversBody && read.validate(context);
  }

  private static Element only(Document document, String namespace, String name) {
    NodeList found = document.getElementsByTagNameNS(namespace, name);
    if (found.getLength() != 1) throw new IllegalStateException("expected one " + name + ", found " + found.getLength());
    return (Element) found.item(0);
  }

  /** Canonicalization sees declarations that stand as attributes, not those that a serializer would add. */
  private static void declare(Element element, String prefix, String namespace) {
    element.setAttributeNS(XMLConstants.XMLNS_ATTRIBUTE_NS_URI, "xmlns:" + prefix, namespace);
  }

  private static void text(Element parent, String name, String text) {
    Element element = parent.getOwnerDocument().createElementNS(WSU, name);
    element.setTextContent(text);
    parent.appendChild(element);
  }

  /** SAAJ wraps every node; the signature engine wants nodes that are what they seem. */
  private static Document plainDom(SOAPMessage message) throws Exception {
    Transformer transformer = TransformerFactory.newInstance().newTransformer();
    transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
    StringWriter out = new StringWriter();
    transformer.transform(message.getSOAPPart().getContent(), new StreamResult(out));
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setNamespaceAware(true);
    return factory.newDocumentBuilder().parse(new InputSource(new StringReader(out.toString())));
  }

  private static void replace(SOAPMessage message, Document document) throws Exception {
    message.getSOAPPart().setContent(new DOMSource(document));
    message.saveChanges();
  }
}
