#include "capture/borrow/identify.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace oriel::capture {
namespace {

using Candidates = std::vector<Candidate>;

bool CanBe(const UnknownDevice& device, const Candidate& candidate) {
  if (device.answers_as.has_value()) {
    return std::find(device.answers_as->begin(), device.answers_as->end(),
                     candidate.name) != device.answers_as->end();
  }
  const DeviceFacts& facts = device.facts;
  return !facts.ids || !candidate.ids || *facts.ids == *candidate.ids;
}

void Remove(Candidates& candidates, const std::string& name) {
  candidates.erase(
      std::remove_if(candidates.begin(), candidates.end(),
                     [&](const Candidate& c) { return c.name == name; }),
      candidates.end());
}

class Identification {
 public:
  Identification(const std::vector<UnknownDevice>& devices,
                 Candidates candidates)
      : candidates_(std::move(candidates)), identities_(devices.size()) {
    for (size_t i = 0; i < devices.size(); ++i) {
      if (!devices[i].told.has_value()) continue;
      identities_[i].device = devices[i].told;
      identities_[i].evidence = devices[i].told_by;
      Remove(candidates_, devices[i].told->name);
    }
    for (const Identity& identity : identities_) {
      if (!identity.device.has_value()) ++unknown_count_;
    }
  }

  // A group can have members that the VMM does not use. The command line is
  // believed where it names as many of them as there are devices.
  void UseCommandLine(const VmmCommandLine& command_line) {
    Candidates named;
    for (const Candidate& candidate : candidates_) {
      if (command_line.Names(candidate.name)) named.push_back(candidate);
    }
    if (named.size() < candidates_.size() && named.size() == unknown_count_) {
      candidates_ = std::move(named);
      by_command_line_ = true;
    }
  }

  std::vector<Identity> Finish(const std::vector<UnknownDevice>& devices) && {
    for (size_t i = 0; i < devices.size(); ++i) {
      if (identities_[i].device.has_value()) continue;
      for (const Candidate& candidate : candidates_) {
        if (CanBe(devices[i], candidate)) {
          identities_[i].may_be.push_back(candidate);
        }
      }
      // It must be one of them: sysfs has ids that a quirk of the kernel set.
      if (identities_[i].may_be.empty() && !devices[i].answers_as.has_value()) {
        identities_[i].may_be = candidates_;
      }
    }
    // Each round proves a device, or ends.
    while (ProveOne(devices)) {
    }
    for (size_t i = 0; i < devices.size(); ++i) {
      Explain(devices[i], identities_[i]);
    }
    return std::move(identities_);
  }

 private:
  bool ProveOne(const std::vector<UnknownDevice>& devices) {
    for (size_t i = 0; i < devices.size(); ++i) {
      Identity& identity = identities_[i];
      if (identity.device.has_value() || identity.may_be.size() != 1) continue;
      identity.device = std::move(identity.may_be.front());
      identity.may_be.clear();
      identity.compared = devices[i].answers_as.has_value();
      identity.evidence = ProofOf(devices[i], *identity.device);
      Eliminate(identity.device->name);
      return true;
    }
    return false;
  }

  // Two fds of one device are possible, so the last candidate stays.
  void Eliminate(const std::string& name) {
    for (Identity& other : identities_) {
      if (other.may_be.size() > 1) Remove(other.may_be, name);
    }
  }

  std::string ProofOf(const UnknownDevice& unknown,
                      const Candidate& device) const {
    const char* by = by_command_line_ ? ", and its command line" : "";
    if (candidates_.size() == 1 && !unknown.answers_as.has_value()) {
      return absl::StrFormat("the only device of the VM's VFIO groups%s", by);
    }
    if (unknown.answers_as.has_value() && unknown.answers_as->size() == 1) {
      return absl::StrFormat(
          "the only one of %s that, asked by its name, answers as it does%s",
          NamesOf(candidates_), by);
    }
    if (device.ids.has_value() && unknown.facts.ids == device.ids) {
      return absl::StrFormat("the only one of %s with PCI ids %04x:%04x%s",
                             NamesOf(candidates_), device.ids->vendor,
                             device.ids->device, by);
    }
    return absl::StrFormat("the only one left of %s%s", NamesOf(candidates_),
                           by);
  }

  void Explain(const UnknownDevice& unknown, Identity& identity) const {
    if (identity.device.has_value()) return;
    if (identity.may_be.empty() && !candidates_.empty() &&
        unknown.answers_as.has_value()) {
      identity.evidence = absl::StrFormat(
          "none of the VM's VFIO groups has a device that answers as it does; "
          "asked were %s",
          NamesOf(candidates_));
      return;
    }
    identity.evidence =
        identity.may_be.empty()
            ? "the VM holds no VFIO group that could tell which device this is"
            : absl::StrFormat(
                  "the VM's devices look alike, this may be any of "
                  "%s",
                  NamesOf(identity.may_be));
  }

  Candidates candidates_;
  std::vector<Identity> identities_;
  size_t unknown_count_ = 0;
  bool by_command_line_ = false;
};

}  // namespace

std::vector<Candidate> PossibleDevices(const Identity& identity) {
  if (identity.device.has_value()) return {*identity.device};
  return identity.may_be;
}

std::string NamesOf(const std::vector<Candidate>& candidates) {
  return absl::StrJoin(candidates, ", ",
                       [](std::string* out, const Candidate& candidate) {
                         *out += candidate.name;
                       });
}

std::vector<Identity> Identify(const std::vector<UnknownDevice>& devices,
                               std::vector<Candidate> candidates,
                               const VmmCommandLine& command_line) {
  Identification identification(devices, std::move(candidates));
  identification.UseCommandLine(command_line);
  return std::move(identification).Finish(devices);
}

}  // namespace oriel::capture
