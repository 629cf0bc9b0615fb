#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace oriel::capture {

struct Holder {
  pid_t pid = 0;
  // As /proc names it, at most 15 bytes; what cannot be printed is '?'. Empty
  // when the process has gone meanwhile.
  std::string command;
};

struct HolderSearch {
  std::vector<Holder> holders;  // sorted by pid
  // False: other users' processes could not be looked into, which takes root
  // (CAP_SYS_PTRACE), or there were too many open files.
  bool complete = true;
};

// The processes that have the file `path` open, by the links in
// PROC/PID/fd. The files themselves are not touched: one on a stuck file
// system would block.
HolderSearch FindHolders(const std::string& path,
                         const std::string& proc = "/proc");
// The same for several files in one pass over `proc`, in their order.
std::vector<HolderSearch> FindHoldersOfAll(
    const std::vector<std::string>& paths, const std::string& proc = "/proc");

// "held by qemu-system-x86 (pid 4711)", or why nobody can be named.
std::string DescribeHolders(const HolderSearch& search);

}  // namespace oriel::capture
