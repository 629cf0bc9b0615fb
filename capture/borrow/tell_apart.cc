#include "capture/borrow/tell_apart.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/str_format.h"
#include "base/unique_fd.h"

namespace oriel::capture {
namespace {

// By the device's name.
using Answers = std::map<std::string, std::string>;

// Open files, some of which can be one and the same.
size_t CountFiles(Host& host, const std::vector<int>& own_fds) {
  std::vector<int> different;
  for (const int fd : own_fds) {
    const bool known =
        std::any_of(different.begin(), different.end(), [&](int other) {
          const absl::StatusOr<bool> same = host.SameFile(getpid(), other, fd);
          return !same.ok() || *same;
        });
    if (!known) different.push_back(fd);
  }
  return different.size();
}

absl::StatusOr<DeviceFacts> Ask(Host& host, int pidfd,
                                const GroupMember& member) {
  const absl::StatusOr<UniqueFd> group = host.CopyFd(pidfd, member.group_fd);
  if (!group.ok()) return group.status();
  const VfioNode node =
      ReadVfioNode(host, absl::StrFormat("/proc/self/fd/%d", group->get()));
  // The VMM may have closed it, and another file its number.
  if (node.group != member.group) return absl::AbortedError("another file");
  return host.AskMember(group->get(), member.device.name);
}

// Empty: not all of them answer.
std::optional<Answers> AskAll(Host& host, int pidfd,
                              const std::vector<GroupMember>& members,
                              const std::set<std::string>& names) {
  Answers answers;
  for (const GroupMember& member : members) {
    if (!names.contains(member.device.name)) continue;
    const absl::StatusOr<DeviceFacts> facts = Ask(host, pidfd, member);
    if (!facts.ok()) return std::nullopt;
    answers[member.device.name] = facts->likeness;
  }
  return answers;
}

bool StayedTheSame(Host& host, const std::vector<int>& own_fds,
                   const std::vector<UnknownDevice>& devices) {
  for (size_t i = 0; i < devices.size(); ++i) {
    if (devices[i].told.has_value()) continue;
    const absl::StatusOr<DeviceFacts> now = host.AskDevice(own_fds[i]);
    if (!now.ok() || now->likeness != devices[i].facts.likeness) return false;
  }
  return true;
}

std::vector<std::string> NamesThatAnswer(const Answers& answers,
                                         const std::string& likeness) {
  std::vector<std::string> names;
  for (const auto& [name, answer] : answers) {
    if (answer == likeness) names.push_back(name);
  }
  return names;
}

}  // namespace

bool TellApart(Host& host, int pidfd, const std::vector<GroupMember>& members,
               const std::vector<int>& own_fds,
               const std::vector<Identity>& identities,
               std::vector<UnknownDevice>& devices) {
  std::vector<int> untold;
  std::set<std::string> names;
  bool all_proven = true;
  for (size_t i = 0; i < devices.size(); ++i) {
    if (devices[i].told.has_value()) continue;
    untold.push_back(own_fds[i]);
    all_proven = all_proven && identities[i].device.has_value();
    for (const Candidate& device : PossibleDevices(identities[i])) {
      names.insert(device.name);
    }
  }
  const size_t files = CountFiles(host, untold);
  if (names.empty() || files < names.size() ||
      (all_proven && files == names.size())) {
    return false;
  }
  // A guest may be giving its devices addresses just now.
  const std::optional<Answers> before = AskAll(host, pidfd, members, names);
  if (!before.has_value() || !StayedTheSame(host, own_fds, devices) ||
      before != AskAll(host, pidfd, members, names)) {
    return false;
  }
  std::vector<std::vector<std::string>> found(devices.size());
  std::set<std::string> found_names;
  for (size_t i = 0; i < devices.size(); ++i) {
    if (devices[i].told.has_value()) continue;
    found[i] = NamesThatAnswer(*before, devices[i].facts.likeness);
    found_names.insert(found[i].begin(), found[i].end());
  }
  // One that is open must be among the devices.
  if (found_names.size() != before->size()) return false;
  for (size_t i = 0; i < devices.size(); ++i) {
    if (!devices[i].told.has_value()) devices[i].answers_as = found[i];
  }
  return true;
}

}  // namespace oriel::capture
