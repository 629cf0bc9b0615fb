#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "base/unix_listener.h"

namespace oriel::offers {

inline constexpr size_t kMaxConnections = 16;

// A SEQPACKET socket that does not block, listening and published.
absl::StatusOr<UniqueFd> ListenForOffers(UnixListener& listener);

// The ids of "oriel-borrow" or "1001". kNotFound: there is no such user.
absl::StatusOr<uid_t> FindUser(const std::string& user);

}  // namespace oriel::offers
