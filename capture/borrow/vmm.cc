#include "capture/borrow/vmm.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/display_name.h"
#include "base/status_macros.h"
#include "capture/borrow/command_line.h"
#include "capture/borrow/renamed_groups.h"
#include "capture/borrow/tell_apart.h"

namespace oriel::capture {
namespace {

// Each is two open files here and two in orield.
constexpr size_t kMaxDevicesOfVmm = 64;
constexpr size_t kMaxFdInfoBytes = 4096;
constexpr char kSysPathField[] = "vfio-device-syspath:";

// The part behind the last '/' of fdinfo's line; newer kernels have it.
std::string DeviceInFdInfo(const std::string& fdinfo) {
  const size_t field = fdinfo.find(kSysPathField);
  // At the beginning of a line, or it is another field's value.
  if (field == std::string::npos || (field > 0 && fdinfo[field - 1] != '\n')) {
    return {};
  }
  const size_t end = std::min(fdinfo.find('\n', field), fdinfo.size());
  const std::string line = fdinfo.substr(field, end - field);
  return line.substr(line.rfind('/') + 1);
}

// What the kernel says of our own copy.
UnknownDevice AskKernel(Host& host, int own_fd, DeviceFacts facts) {
  UnknownDevice device;
  device.facts = facts;
  const auto tell = [&](const std::string& name, const char* by) {
    absl::StatusOr<Candidate> candidate = ReadCandidate(host, name);
    if (!candidate.ok() || device.told.has_value()) return;
    device.told = *std::move(candidate);
    device.told_by = by;
  };
  const absl::StatusOr<std::string> fdinfo = host.ReadFile(
      absl::StrFormat("/proc/self/fdinfo/%d", own_fd), kMaxFdInfoBytes);
  if (fdinfo.ok())
    tell(DeviceInFdInfo(*fdinfo), "the kernel tells it (fdinfo)");
  const VfioNode node =
      ReadVfioNode(host, absl::StrFormat("/proc/self/fd/%d", own_fd));
  tell(node.device, "it was opened as this device's cdev");
  return device;
}

// A copy that is what the VMM's fd is, and a VFIO device.
absl::StatusOr<DeviceFacts> Verify(Host& host, pid_t pid, const VfioFd& fd,
                                   int own_fd) {
  ASSIGN_OR_RETURN(const std::string link,
                   host.ReadLink(absl::StrFormat("/proc/self/fd/%d", own_fd)));
  if (link != fd.link) {
    return absl::AbortedError("became another file: " + link);
  }
  ASSIGN_OR_RETURN(const bool same, host.SameFile(pid, fd.fd, own_fd));
  if (!same) return absl::AbortedError("became another file meanwhile");
  return host.AskDevice(own_fd);
}

void AddMembers(Host& host, pid_t pid, const std::vector<VfioFd>& files,
                std::vector<GroupMember>& members) {
  for (const VfioFd& file : files) {
    const VfioNode node =
        ReadVfioNode(host, ProcPath(pid, absl::StrFormat("fd/%d", file.fd)));
    const bool known = std::any_of(
        members.begin(), members.end(),
        [&](const GroupMember& m) { return m.group == node.group; });
    if (node.group.empty() || known) continue;
    for (Candidate& device : ReadGroupMembers(host, node.group)) {
      members.push_back({std::move(device), node.group, file.fd});
    }
  }
}

// What each of the VMM's devices is, as far as anything tells it.
std::vector<Identity> IdentifyAll(Host& host, const Vmm& vmm,
                                  const VfioFds& fds,
                                  const VmmCommandLine& command_line,
                                  std::vector<UnknownDevice> unknown) {
  std::vector<GroupMember> members;
  AddMembers(host, vmm.pid, fds.others, members);
  // What is proven by elimination needs all groups.
  const bool all_told =
      std::all_of(unknown.begin(), unknown.end(),
                  [](const UnknownDevice& d) { return d.told.has_value(); });
  if (!all_told) {
    AddMembers(host, vmm.pid, FindRenamedGroups(host, vmm.pid), members);
  }
  std::vector<Candidate> candidates;
  for (const GroupMember& member : members) {
    candidates.push_back(member.device);
  }
  std::vector<int> own_fds;
  for (const VmmDevice& device : vmm.devices) {
    own_fds.push_back(device.fd.get());
  }
  std::vector<Identity> identities =
      Identify(unknown, candidates, command_line);
  if (TellApart(host, vmm.pidfd.get(), members, own_fds, identities, unknown)) {
    identities = Identify(unknown, candidates, command_line);
  }
  return identities;
}

// Whichever of them it is.
bool DisplayIsOff(const Identity& identity,
                  const VmmCommandLine& command_line) {
  const std::vector<Candidate> devices = PossibleDevices(identity);
  return !devices.empty() &&
         std::all_of(devices.begin(), devices.end(),
                     [&](const Candidate& device) {
                       return command_line.SaysDisplayOff(device.name);
                     });
}

// The copies that can be had; why others cannot is among the problems.
absl::Status CopyDevices(Host& host, const VfioFds& fds, Vmm& vmm,
                         std::vector<UnknownDevice>& unknown) {
  for (const VfioFd& fd : fds.devices) {
    if (vmm.devices.size() == kMaxDevicesOfVmm) {
      vmm.problems.push_back(absl::StrFormat(
          "has more than %d VFIO devices; the others are left alone",
          kMaxDevicesOfVmm));
      break;
    }
    absl::StatusOr<UniqueFd> copy = host.CopyFd(vmm.pidfd.get(), fd.fd);
    if (absl::IsPermissionDenied(copy.status()) ||
        absl::IsUnimplemented(copy.status())) {
      return copy.status();
    }
    const absl::StatusOr<DeviceFacts> facts =
        copy.ok() ? Verify(host, vmm.pid, fd, copy->get()) : copy.status();
    if (absl::IsPermissionDenied(facts.status()) ||
        absl::IsUnimplemented(facts.status())) {
      return facts.status();
    }
    if (!facts.ok()) {
      vmm.problems.push_back(absl::StrFormat(
          "fd %d: %s", fd.fd, std::string(facts.status().message())));
      continue;
    }
    unknown.push_back(AskKernel(host, copy->get(), *facts));
    VmmDevice device;
    device.vmm_fd = fd.fd;
    device.fd = *std::move(copy);
    device.may_be_display = facts->may_be_display;
    vmm.devices.push_back(std::move(device));
  }
  return absl::OkStatus();
}

}  // namespace

bool VmmDevice::leaving() const {
  const std::vector<Candidate> devices = PossibleDevices(identity);
  return !devices.empty() &&
         std::all_of(devices.begin(), devices.end(),
                     [](const Candidate& device) { return device.leaving; });
}

std::string WhoIs(const Vmm& vmm) {
  return absl::StrFormat("%s (pid %d)",
                         vmm.name.empty() ? vmm.command : vmm.name, vmm.pid);
}

absl::StatusOr<Vmm> LookAtVmm(Host& host, pid_t pid, const VfioFds& fds) {
  Vmm vmm;
  vmm.pid = pid;
  ASSIGN_OR_RETURN(vmm.pidfd, host.OpenPidFd(pid));
  // From here on the PID cannot be another process's while this one lives.
  ASSIGN_OR_RETURN(ProcessStat stat, ReadProcessStat(host, pid));
  vmm.start_time_ticks = stat.start_time_ticks;
  vmm.command = std::move(stat.command);
  const absl::StatusOr<std::string> arguments =
      host.ReadFile(ProcPath(pid, "cmdline"), kMaxCommandLineBytes);
  const VmmCommandLine command_line =
      ParseVmmCommandLine(arguments.ok() ? *arguments : "");
  vmm.name = command_line.vm;

  std::vector<UnknownDevice> unknown;
  RETURN_IF_ERROR(CopyDevices(host, fds, vmm, unknown));
  std::vector<Identity> identities =
      IdentifyAll(host, vmm, fds, command_line, std::move(unknown));
  for (size_t i = 0; i < identities.size(); ++i) {
    VmmDevice& device = vmm.devices[i];
    device.identity = std::move(identities[i]);
    device.dma_bufs_allowed = DisplayIsOff(device.identity, command_line);
  }

  ASSIGN_OR_RETURN(const ProcessStat after, ReadProcessStat(host, pid));
  if (host.HasEnded(vmm.pidfd.get()) ||
      after.start_time_ticks != vmm.start_time_ticks) {
    return absl::NotFoundError(absl::StrFormat("pid %d ended meanwhile", pid));
  }
  return vmm;
}

std::string DisplayName(const Vmm& vmm, const Identity& identity,
                        const std::function<bool(const std::string&)>& taken) {
  // Room for a number that makes it unique.
  constexpr size_t kRoomBytes = 4;
  if (identity.device.has_value()) {
    const std::string& device = identity.device->name;
    // The device alone makes the name different from others.
    const std::string vm =
        PlainName(vmm.name.empty() ? vmm.command : vmm.name,
                  kMaxDisplayNameBytes - kRoomBytes - 1 - device.size());
    const std::string name = (vm.empty() ? "vm" : vm) + "." + device;
    if (!taken(name)) return name;
    for (int i = 2;; ++i) {
      const std::string other = absl::StrFormat("%s-%d", name, i);
      if (!taken(other)) return other;
    }
  }
  // Nothing but the process tells VMs without a name apart.
  const std::string vm =
      vmm.name.empty()
          ? absl::StrFormat("%s-%d", vmm.command.substr(0, 32), vmm.pid)
          : vmm.name;
  for (int i = 1;; ++i) {
    const std::string name = absl::StrFormat(
        "%s.unattributed-%d",
        DisplayNameFor(vm, kMaxDisplayNameBytes - sizeof(".unattributed-999")),
        i);
    if (!taken(name)) return name;
  }
}

}  // namespace oriel::capture
