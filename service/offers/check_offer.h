#pragma once

#include <vector>

#include "absl/status/status.h"
#include "base/unique_fd.h"
#include "capture/borrow/messages.h"

namespace oriel::offers {

// What is wrong with the fds that came with the offer; takes vmm_pid from the
// pidfd.
absl::Status CheckOfferFds(capture::Offer& offer,
                           const std::vector<UniqueFd>& fds);

// A launcher may call a display what libvirt calls its VM.
void GiveName(capture::Offer& offer);

}  // namespace oriel::offers
