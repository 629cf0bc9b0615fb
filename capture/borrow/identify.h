#pragma once

#include <optional>
#include <string>
#include <vector>

#include "capture/borrow/command_line.h"
#include "capture/borrow/host.h"

namespace oriel::capture {

// A device of this host that a VMM may have open.
struct Candidate {
  std::string name;  // mdev UUID or PCI address
  // Gone at once when the device is being taken from its driver or removed,
  // long before those who hold it let go.
  std::string watch_link;
  // What its config space must begin with; empty: not known, because its
  // driver makes up a config space.
  std::optional<PciIds> ids;
  bool leaving = false;  // watch_link is not there
};

// What is known of `name`; kNotFound for what is neither mdev nor PCI.
absl::StatusOr<Candidate> ReadCandidate(Host& host, const std::string& name);

// Of an IOMMU group, those that can be open: bridges stay with their driver.
std::vector<Candidate> ReadGroupMembers(Host& host, const std::string& group);

// The group ("7") or the device (of a cdev) behind a character device of
// /dev/vfio, by its number, because a path can lie. Empty: neither.
struct VfioNode {
  std::string group;
  std::string device;
};
VfioNode ReadVfioNode(Host& host, const std::string& path);

// One of a VMM's VFIO devices.
struct UnknownDevice {
  DeviceFacts facts;
  // Named by the kernel itself.
  std::optional<Candidate> told;
  std::string told_by;
  // Names of those that answer just as it does; nullopt: nobody compared.
  std::optional<std::vector<std::string>> answers_as;
};

struct Identity {
  std::optional<Candidate> device;  // empty: unattributed
  std::vector<Candidate> may_be;    // empty where device is not
  std::string evidence;             // for people
  bool compared = false;  // proven by what the members of its groups answer
};

// The proven one, or all that it may be.
std::vector<Candidate> PossibleDevices(const Identity& identity);

// "A, B", for people.
std::string NamesOf(const std::vector<Candidate>& candidates);

// Which of `candidates`, the members of the groups that the VMM holds, each
// device is: proven, or not said. One identity a device, in their order.
std::vector<Identity> Identify(const std::vector<UnknownDevice>& devices,
                               std::vector<Candidate> candidates,
                               const VmmCommandLine& command_line);

}  // namespace oriel::capture
