import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** Opens one TLS connection with Java's own TLS: PORT NAME|- ALPN|- VERSION|-. */
class Client {
  public static void main(String[] arguments) throws Exception {
    var context = SSLContext.getDefault();
    try (var socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", Integer.parseInt(arguments[0]))) {
      var parameters = socket.getSSLParameters();
      if (!arguments[1].equals("-")) parameters.setServerNames(List.of(new SNIHostName(arguments[1])));
      if (!arguments[2].equals("-")) parameters.setApplicationProtocols(arguments[2].split(","));
      if (!arguments[3].equals("-")) parameters.setProtocols(new String[] {arguments[3]});
      socket.setSSLParameters(parameters);
      socket.startHandshake();
    }
  }
}
