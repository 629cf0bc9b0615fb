#pragma once

#include <string>
#include <vector>

#include "capture/borrow/host.h"
#include "capture/borrow/identify.h"

namespace oriel::capture {

// A device in an IOMMU group whose file a VMM has open.
struct GroupMember {
  Candidate device;
  std::string group;
  int group_fd = -1;  // the VMM's
};

// Finds out which members of its groups a VMM's devices can be, by asking each
// member by its name, through a copy of its group's file, what a device is
// asked: `answers_as` of devices that the kernel does not name. False: that
// would tell nothing new, a member may not be open yet, of which nobody but the
// VMM is to be the first to open it, or answers changed meanwhile.
// own_fds: the devices'; all in the order of `devices`.
bool TellApart(Host& host, int pidfd, const std::vector<GroupMember>& members,
               const std::vector<int>& own_fds,
               const std::vector<Identity>& identities,
               std::vector<UnknownDevice>& devices);

}  // namespace oriel::capture
