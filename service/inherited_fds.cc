#include "service/inherited_fds.h"

#include <fcntl.h>
#include <systemd/sd-daemon.h>

#include <cerrno>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace oriel::service {

InheritedFds InheritedFds::FromEnvironment() {
  InheritedFds inherited;
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(/*unset_environment=*/1, &names);
  for (int i = 0; i < count; ++i) {
    // Two of one name: the first one counts, the others are closed.
    inherited.fds_.emplace(names[i], UniqueFd(SD_LISTEN_FDS_START + i));
    free(names[i]);
  }
  free(names);
  return inherited;
}

absl::StatusOr<UniqueFd> InheritedFds::Duplicate(
    const std::string& name) const {
  const auto found = fds_.find(name);
  if (found == fds_.end()) {
    std::string names;
    for (const auto& [known, fd] : fds_) {
      names += (names.empty() ? "" : ", ") + known;
    }
    return absl::NotFoundError(absl::StrFormat(
        "no inherited fd \"%s\"; LISTEN_FDNAMES has %s: start orield from the "
        "launcher that opens the device",
        name, names.empty() ? "none" : names));
  }
  UniqueFd copy(fcntl(found->second.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) {
    return absl::ErrnoToStatus(
        errno, absl::StrFormat("cannot duplicate inherited fd \"%s\"", name));
  }
  return copy;
}

}  // namespace oriel::service
