#include "clients/lib/server_address.h"

#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace oriel::clients {
namespace {

constexpr char kForms[] =
    "write unix:/path/of/socket, /path/of/socket or host:port";

absl::Status Wrong(const std::string& text, const std::string& why) {
  return absl::InvalidArgumentError(
      absl::StrFormat("server address '%s': %s; %s", text, why, kForms));
}

absl::StatusOr<ServerAddress> ParseSocket(const std::string& text,
                                          const std::string& path) {
  if (path.empty()) return Wrong(text, "the path of the socket is missing");
  constexpr size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > kLongest) {
    return Wrong(text,
                 absl::StrFormat("the path has %d bytes, and a socket's has "
                                 "at most %d",
                                 path.size(), kLongest));
  }
  ServerAddress address;
  address.text = "unix:" + path;
  address.grpc_target = address.text;
  address.socket_path = path;
  return address;
}

bool IsPort(const std::string& text) {
  int port = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() &&
         port >= 1 && port <= 65535;
}

absl::StatusOr<ServerAddress> ParseHostPort(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return Wrong(text, "the port is missing");
  std::string host = text.substr(0, colon);
  const std::string port = text.substr(colon + 1);
  if (!IsPort(port)) {
    return Wrong(text, absl::StrFormat("'%s' is no port (1 to 65535)", port));
  }
  const bool bracketed =
      host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return Wrong(text, "an IPv6 address stands in brackets, as in [::1]:7470");
  }
  if (host.empty()) return Wrong(text, "the host is missing");
  if (host.find_first_of("[]/ \t") != std::string::npos) {
    return Wrong(text, absl::StrFormat("'%s' is no host name", host));
  }
  ServerAddress address;
  address.text = text;
  address.grpc_target = "dns:///" + text;
  address.host = host;
  address.port = port;
  return address;
}

}  // namespace

absl::StatusOr<ServerAddress> ParseServerAddress(const std::string& text) {
  if (text.empty()) return Wrong(text, "it is empty");
  if (text.find('\0') != std::string::npos) {
    return Wrong(text, "it contains a zero byte");
  }
  if (text.find("://") != std::string::npos) {
    if (text.rfind("unix:///", 0) == 0) {
      return ParseSocket(text, text.substr(sizeof("unix://") - 1));
    }
    return Wrong(text, "a URL is not understood");
  }
  if (text.rfind("unix:", 0) == 0) {
    return ParseSocket(text, text.substr(sizeof("unix:") - 1));
  }
  if (text.front() == '/' || text.rfind("./", 0) == 0 ||
      text.rfind("../", 0) == 0) {
    return ParseSocket(text, text);
  }
  return ParseHostPort(text);
}

std::string ChooseServer(const std::string& flag) {
  if (!flag.empty()) return flag;
  const char* from_environment = std::getenv("ORIEL_SERVER");
  if (from_environment != nullptr && *from_environment != '\0') {
    return from_environment;
  }
  return kDefaultServer;
}

}  // namespace oriel::clients
