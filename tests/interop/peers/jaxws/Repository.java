import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import ihe.iti.xds_b._2007.DocumentRepositoryPortType;
import ihe.iti.xds_b._2007.RetrieveDocumentSetRequestType;
import ihe.iti.xds_b._2007.RetrieveDocumentSetResponseType;
import java.io.FileInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import javax.jws.WebService;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.xml.namespace.QName;
import javax.xml.ws.BindingType;
import javax.xml.ws.Endpoint;
import javax.xml.ws.handler.Handler;
import javax.xml.ws.handler.MessageContext;
import javax.xml.ws.handler.soap.SOAPHandler;
import javax.xml.ws.handler.soap.SOAPMessageContext;
import javax.xml.ws.soap.Addressing;
import javax.xml.ws.soap.MTOM;
import javax.xml.ws.soap.SOAPBinding;
import oasis.names.tc.ebxml_regrep.xsd.rs._3.RegistryError;
import oasis.names.tc.ebxml_regrep.xsd.rs._3.RegistryErrorList;
import oasis.names.tc.ebxml_regrep.xsd.rs._3.RegistryResponseType;

/**
 * An ITI-43 Document Repository by JAX-WS RI: documents are the files of a folder. Requests without a valid signature end as a Fault.
 * usage: Repository FOLDER REPOSITORY_UNIQUE_ID KEYSTORE_P12 PASSWORD; prints its port, ends with its standard input
 */
@WebService(
    endpointInterface = "ihe.iti.xds_b._2007.DocumentRepositoryPortType",
    targetNamespace = "urn:ihe:iti:xds-b:2007",
    serviceName = "DocumentRepository_Service",
    portName = "DocumentRepository_Port_Soap12")
@BindingType(SOAPBinding.SOAP12HTTP_MTOM_BINDING)
@MTOM
@Addressing(enabled = true, required = true)
public final class Repository implements DocumentRepositoryPortType {
  private static final String RESPONSE_STATUS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:";
  private static Path folder;
  private static String repositoryUniqueId;

  public static void main(String[] arguments) throws Exception {
    folder = Path.of(arguments[0]);
    repositoryUniqueId = arguments[1];
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (FileInputStream in = new FileInputStream(arguments[2])) {
      store.load(in, arguments[3].toCharArray());
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, arguments[3].toCharArray());
    SSLContext tls = SSLContext.getInstance("TLSv1.3");
    tls.init(keys.getKeyManagers(), null, null);
    HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(tls));
    server.setExecutor(Executors.newFixedThreadPool(4));
    Endpoint endpoint = Endpoint.create(new Repository());
    List<Handler> chain = new ArrayList<>();
    chain.add(new Verifying());
    endpoint.getBinding().setHandlerChain(chain);
    endpoint.publish(server.createContext("/xds/iti43"));
    server.start();
    System.out.println(server.getAddress().getPort());
    while (System.in.read() >= 0) {}
    endpoint.stop();
    server.stop(0);
    System.exit(0);
  }

  @Override
  public RetrieveDocumentSetResponseType documentRepositoryRetrieveDocumentSet(RetrieveDocumentSetRequestType body) {
    RetrieveDocumentSetResponseType response = new RetrieveDocumentSetResponseType();
    RegistryErrorList errors = new RegistryErrorList();
    for (var request : body.getDocumentRequest()) {
      Path file = folder.resolve(request.getDocumentUniqueId());
      boolean isOurs = request.getRepositoryUniqueId().equals(repositoryUniqueId);
      if (!isOurs || !Files.exists(file)) {
        RegistryError error = new RegistryError();
        error.setErrorCode(isOurs ? "XDSDocumentUniqueIdError" : "XDSUnknownRepositoryId");
        error.setCodeContext("not here");
        error.setLocation(request.getDocumentUniqueId());
        error.setSeverity("urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error");
        errors.getRegistryError().add(error);
        continue;
      }
      var document = new RetrieveDocumentSetResponseType.DocumentResponse();
      document.setRepositoryUniqueId(request.getRepositoryUniqueId());
      document.setDocumentUniqueId(request.getDocumentUniqueId());
      document.setMimeType("application/zip");
      try {
        document.setDocument(Files.readAllBytes(file));
      } catch (java.io.IOException error) {
        throw new IllegalStateException(error);
      }
      response.getDocumentResponse().add(document);
    }
    RegistryResponseType registry = new RegistryResponseType();
    boolean hasErrors = !errors.getRegistryError().isEmpty();
    if (hasErrors) registry.setRegistryErrorList(errors);
    registry.setStatus(
        !hasErrors
            ? RESPONSE_STATUS + "Success"
            : response.getDocumentResponse().isEmpty()
                ? RESPONSE_STATUS + "Failure"
                : "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess");
    response.setRegistryResponse(registry);
    return response;
  }

  private static final class Verifying implements SOAPHandler<SOAPMessageContext> {
    @Override
    public boolean handleMessage(SOAPMessageContext context) {
      if ((Boolean) context.get(MessageContext.MESSAGE_OUTBOUND_PROPERTY)) return true;
      try {
        if (Wss.isSigned(context.getMessage())) return true;
      } catch (Exception error) {
        throw new IllegalStateException("the signature cannot be read", error);
      }
      throw new IllegalStateException("the signature does not verify");
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
