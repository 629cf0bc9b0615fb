#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"
#include "clients/cli/commands.h"

namespace oriel::clients {
namespace {

constexpr char kViewer[] = "oriel-viewer";

// Empty when the program does not know where it is.
std::string PathBesideThisProgram() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length <= 0 || length == sizeof(path)) return "";
  const std::string program(path, static_cast<size_t>(length));
  return program.substr(0, program.rfind('/') + 1) + kViewer;
}

// A new program inherits what is blocked and ignored here.
void RestoreSignals() {
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGXFSZ, SIG_DFL);
}

}  // namespace

absl::Status RunView(const ViewOptions& options, const std::string& server) {
  std::vector<std::string> arguments = {kViewer};
  if (!server.empty()) {
    arguments.push_back("--server");
    arguments.push_back(server);
  }
  arguments.insert(arguments.end(), options.arguments.begin(),
                   options.arguments.end());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  RestoreSignals();
  const std::string beside = PathBesideThisProgram();
  if (!beside.empty()) execv(beside.c_str(), pointers.data());
  const int beside_error = errno;
  execvp(kViewer, pointers.data());
  const int error = errno == ENOENT ? beside_error : errno;
  return absl::InternalError(absl::StrFormat(
      "cannot run %s, neither %s nor on the PATH: %s; is it installed?",
      kViewer, beside, std::strerror(error)));
}

}  // namespace oriel::clients
