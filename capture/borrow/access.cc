#include "capture/borrow/access.h"

#include <unistd.h>

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "capture/borrow/command_line.h"
#include "capture/borrow/process.h"

namespace oriel::capture {
namespace {

constexpr size_t kMaxBytes = 16 << 10;
// linux/capability.h.
constexpr int kCapDacReadSearch = 2;
constexpr int kCapSysPtrace = 19;

constexpr char kUnitHint[] =
    "start it with oriel-borrow.service, or grant "
    "AmbientCapabilities=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH";

std::string MissingCapabilities(Host& host) {
  const absl::StatusOr<std::string> status =
      host.ReadFile("/proc/self/status", kMaxBytes);
  if (!status.ok()) return {};
  const size_t at = status->find("\nCapEff:");
  uint64_t effective = 0;
  if (at == std::string::npos ||
      !absl::SimpleHexAtoi(
          status->substr(at + 8, status->find('\n', at + 1) - at - 8),
          &effective)) {
    return {};
  }
  std::vector<std::string> missing;
  if ((effective >> kCapSysPtrace & 1) == 0) {
    missing.push_back("CAP_SYS_PTRACE");
  }
  if ((effective >> kCapDacReadSearch & 1) == 0) {
    missing.push_back("CAP_DAC_READ_SEARCH");
  }
  if (missing.empty()) return {};
  return absl::StrFormat(
      "oriel-borrow lacks %s, without which it cannot look into VMs of other "
      "users: %s",
      absl::StrJoin(missing, " and "), kUnitHint);
}

// In a user namespace of its own the capabilities count for nothing outside.
std::string InUserNamespace(Host& host) {
  const absl::StatusOr<std::string> map =
      host.ReadFile("/proc/self/uid_map", kMaxBytes);
  if (!map.ok()) return {};
  const std::vector<std::string> first =
      absl::StrSplit(map->substr(0, map->find('\n')), ' ', absl::SkipEmpty());
  if (first == std::vector<std::string>{"0", "0", "4294967295"}) return {};
  return "oriel-borrow runs in a user namespace, where its capabilities do not "
         "reach VMs outside: no PrivateUsers=, no container of its own users";
}

std::string ForbiddenByYama(Host& host) {
  const absl::StatusOr<std::string> scope =
      host.ReadFile("/proc/sys/kernel/yama/ptrace_scope", kMaxBytes);
  int value = 0;
  if (!scope.ok() || !absl::SimpleAtoi(*scope, &value) || value < 3) return {};
  return "kernel.yama.ptrace_scope is 3, which forbids to copy any process's "
         "fds until the next boot: set it to 2 or less in /etc/sysctl.d and "
         "restart the host";
}

// Nobody is kept from copying fds of its own but by the kernel's version and
// by a system-call filter.
std::string MissingSystemCall(Host& host) {
  const auto explain = [](const char* call, const absl::Status& status,
                          const char* kernel) -> std::string {
    if (absl::IsUnimplemented(status)) {
      return absl::StrFormat("the kernel has no %s: %s", call, kernel);
    }
    if (absl::IsPermissionDenied(status)) {
      return absl::StrFormat(
          "a system-call filter forbids %s: add SystemCallFilter=pidfd_open "
          "pidfd_getfd kcmp to the unit, or allow them in the container's "
          "seccomp profile",
          call);
    }
    return {};
  };
  const absl::StatusOr<UniqueFd> self = host.OpenPidFd(getpid());
  if (!self.ok()) {
    return explain("pidfd_open(2)", self.status(), "it came with Linux 5.3");
  }
  const absl::StatusOr<UniqueFd> copy = host.CopyFd(self->get(), self->get());
  if (!copy.ok()) {
    return explain("pidfd_getfd(2)", copy.status(), "it came with Linux 5.6");
  }
  const absl::StatusOr<bool> same =
      host.SameFile(getpid(), self->get(), copy->get());
  if (!same.ok()) {
    return explain("kcmp(2)", same.status(),
                   "it needs CONFIG_KCMP, and without it nobody sees when a VM "
                   "lets go of its device");
  }
  return {};
}

std::string ProfileOf(Host& host, const std::string& process) {
  const absl::StatusOr<std::string> profile =
      host.ReadFile("/proc/" + process + "/attr/current", kMaxBytes);
  if (!profile.ok()) return {};
  // SELinux ends it with a NUL, AppArmor with a newline.
  return std::string(absl::StripTrailingAsciiWhitespace(
      profile->substr(0, profile->find('\0'))));
}

bool IsConfined(const std::string& profile) {
  return !profile.empty() && profile != "unconfined" && profile != "kernel";
}

}  // namespace

std::string MissingAccess(Host& host) {
  for (const auto& look : {MissingSystemCall, MissingCapabilities,
                           InUserNamespace, ForbiddenByYama}) {
    std::string text = look(host);
    if (!text.empty()) return text;
  }
  return {};
}

std::string ExplainDenial(Host& host, pid_t pid, const absl::Status& denied) {
  const absl::StatusOr<ProcessStat> stat = ReadProcessStat(host, pid);
  const std::string who = absl::StrFormat(
      "%s (pid %d)", stat.ok() ? stat->command : "a process", pid);
  const std::string own = ProfileOf(host, "self");
  const std::string theirs = ProfileOf(host, absl::StrFormat("%d", pid));
  const std::string message(denied.message());
  if (own.find(':') != std::string::npos && own.find(' ') == own.npos) {
    return absl::StrFormat(
        "SELinux may keep oriel-borrow (%s) from %s (%s): %s; allow "
        "its domain ptrace, and see that deny_ptrace is off",
        own, who, theirs, message);
  }
  if (IsConfined(own)) {
    return absl::StrFormat(
        "AppArmor keeps oriel-borrow, which runs as \"%s\", from %s, which "
        "runs as \"%s\": %s; allow \"ptrace (read, trace)\" in the first and "
        "\"ptrace (readby, tracedby)\" in the second, or start oriel-borrow "
        "unconfined",
        own, who, theirs.empty() ? "?" : theirs, message);
  }
  return absl::StrFormat(
      "%s does not let itself be looked into although oriel-borrow may: %s; "
      "its security profile is \"%s\"",
      who, message, theirs.empty() ? "none" : theirs);
}

bool LooksLikeVmm(Host& host, pid_t pid) {
  const absl::StatusOr<ProcessStat> stat = ReadProcessStat(host, pid);
  if (!stat.ok()) return false;
  for (const char* name : {"qemu", "kvm", "cloud-hyper", "crosvm"}) {
    if (stat->command.find(name) != std::string::npos) return true;
  }
  const absl::StatusOr<std::string> arguments =
      host.ReadFile(ProcPath(pid, "cmdline"), kMaxCommandLineBytes);
  return arguments.ok() && !ParseVmmCommandLine(*arguments).devices.empty();
}

}  // namespace oriel::capture
