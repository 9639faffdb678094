import ihe.iti.xds_b._2007.DocumentRepositoryPortType;
import ihe.iti.xds_b._2007.DocumentRequestType;
import ihe.iti.xds_b._2007.RetrieveDocumentSetRequestType;
import ihe.iti.xds_b._2007.RetrieveDocumentSetResponseType;
import java.io.FileInputStream;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import javax.net.ssl.HostnameVerifier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.xml.namespace.QName;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.Service;
import javax.xml.ws.handler.Handler;
import javax.xml.ws.handler.MessageContext;
import javax.xml.ws.handler.soap.SOAPHandler;
import javax.xml.ws.handler.soap.SOAPMessageContext;
import javax.xml.ws.soap.AddressingFeature;
import javax.xml.ws.soap.MTOMFeature;
import javax.xml.ws.soap.SOAPFaultException;

/**
 * An ITI-43 Document Consumer by JAX-WS RI and the JDK's XML signatures.
 * usage: Requester ENDPOINT CERTIFICATE KEY_PEM PUBLIC_KEY_HEX CREATED_AGO_SECONDS WSDL REPOSITORY DOCUMENT [REPOSITORY DOCUMENT ...]
 * prints one line: STATUS | error codes | SHA-256 of each document, or FAULT | code | subcodes
 */
public final class Requester {
  private static final String SPKI_PREFIX = "302a300506032b6570032100";

  public static void main(String[] arguments) throws Exception {
    PrivateKey key = Wss.privateKey(Path.of(arguments[2]));
    byte[] spki = HexFormat.of().parseHex(SPKI_PREFIX + arguments[3]);
    Instant created = Instant.now().minusSeconds(Long.parseLong(arguments[4]));
    QName name = new QName("urn:ihe:iti:xds-b:2007", "DocumentRepository_Service");
    QName port = new QName("urn:ihe:iti:xds-b:2007", "DocumentRepository_Port_Soap12");
    Service service = Service.create(Path.of(arguments[5]).toUri().toURL(), name);
    DocumentRepositoryPortType repository =
        service.getPort(port, DocumentRepositoryPortType.class, new AddressingFeature(true, true), new MTOMFeature(true));
    BindingProvider provider = (BindingProvider) repository;
    provider.getRequestContext().put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, arguments[0]);
    provider.getRequestContext().put("com.sun.xml.ws.transport.https.client.SSLSocketFactory", trusting(arguments[1]).getSocketFactory());
    // Between gateways no name is checked: the certificate on file is.
    provider.getRequestContext().put("com.sun.xml.ws.transport.https.client.hostname.verifier", (HostnameVerifier) (host, session) -> true);
    List<Handler> chain = new ArrayList<>();
    chain.add(new Signing(key, spki, created));
    provider.getBinding().setHandlerChain(chain);

    RetrieveDocumentSetRequestType request = new RetrieveDocumentSetRequestType();
    for (int index = 6; index < arguments.length; index += 2) {
      DocumentRequestType document = new DocumentRequestType();
      document.setRepositoryUniqueId(arguments[index]);
      document.setDocumentUniqueId(arguments[index + 1]);
      request.getDocumentRequest().add(document);
    }
    try {
      RetrieveDocumentSetResponseType response = repository.documentRepositoryRetrieveDocumentSet(request);
      String status = response.getRegistryResponse().getStatus().replaceAll(".*:", "");
      var errorList = response.getRegistryResponse().getRegistryErrorList();
      String errors = errorList == null ? "" : errorList.getRegistryError().stream().map(one -> one.getErrorCode()).collect(Collectors.joining(","));
      List<String> digests = new ArrayList<>();
      for (var document : response.getDocumentResponse()) {
        digests.add(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(document.getDocument())));
      }
      System.out.println(String.join("|", status, errors, String.join(",", digests)));
    } catch (SOAPFaultException fault) {
      List<String> subcodes = new ArrayList<>();
      for (Iterator<?> each = fault.getFault().getFaultSubcodes(); each.hasNext(); ) subcodes.add(((QName) each.next()).getLocalPart());
      System.out.println(String.join("|", "FAULT", fault.getFault().getFaultCodeAsQName().getLocalPart(), String.join(",", subcodes)));
    }
  }

  private static SSLContext trusting(String certificate) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null);
    try (FileInputStream in = new FileInputStream(certificate)) {
      store.setCertificateEntry("source", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(store);
    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(null, managers.getTrustManagers(), null);
    return context;
  }

  private record Signing(PrivateKey key, byte[] spki, Instant created) implements SOAPHandler<SOAPMessageContext> {
    @Override
    public boolean handleMessage(SOAPMessageContext context) {
      if (!(Boolean) context.get(MessageContext.MESSAGE_OUTBOUND_PROPERTY)) return true;
      try {
        Wss.sign(context.getMessage(), key, spki, created);
        return true;
      } catch (Exception error) {
        throw new IllegalStateException(error);
      }
    }

    @Override
    public Set<QName> getHeaders() {
      return Set.of(new QName(Wss.WSSE, "Security"));
    }

    @Override
    public boolean handleFault(SOAPMessageContext context) {
      return true;
    }

    @Override
    public void close(MessageContext context) {}
  }
}
