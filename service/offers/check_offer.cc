#include "service/offers/check_offer.h"

#include <spdlog/spdlog.h>
#include <sys/types.h>

#include <string>

#include "absl/strings/str_format.h"
#include "base/display_name.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "service/offers/pid_fd.h"

namespace oriel::offers {

absl::Status CheckOfferFds(capture::Offer& offer,
                           const std::vector<UniqueFd>& fds) {
  if (fds.empty() || fds.size() > 2) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d fds came with it; send the device's, then a pidfd of its VMM",
        fds.size()));
  }
  if (fds.size() == 1) return absl::OkStatus();
  ASSIGN_OR_RETURN(const pid_t pid, ReadPidFd(fds[1].get()));
  if (pid > 0 && offer.vmm_pid > 0 && pid != offer.vmm_pid) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the pidfd is process %d's, not %d's", pid, offer.vmm_pid));
  }
  if (offer.vmm_pid == 0 && pid > 0) offer.vmm_pid = pid;
  return absl::OkStatus();
}

void GiveName(capture::Offer& offer) {
  if (IsDisplayName(offer.display)) return;
  const std::string asked = offer.display;
  offer.display = DisplayNameFor(asked, kMaxDisplayNameBytes);
  if (offer.vm.empty()) offer.vm = asked;
  spdlog::info("event=display_renamed asked={} display={}", LogText(asked),
               offer.display);
}

}  // namespace oriel::offers
