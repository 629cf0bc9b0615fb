#include "capture/discovery/holders.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace oriel::capture {
namespace {

namespace fs = std::filesystem;

// Any user may open a million files; the search ends before that matters.
constexpr int kMaxLinks = 200'000;
// TASK_COMM_LEN in linux/sched.h, without its zero.
constexpr size_t kMaxCommandBytes = 15;
constexpr size_t kMaxNamedHolders = 4;

std::optional<pid_t> ParsePid(const std::string& name) {
  pid_t pid = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, pid);
  if (error != std::errc() || stop != end || pid <= 0) return std::nullopt;
  return pid;
}

// A process names itself as it likes; the name ends up in logs.
std::string ReadCommand(const fs::path& file) {
  char bytes[kMaxCommandBytes];
  std::ifstream stream(file, std::ios::binary);
  stream.read(bytes, sizeof(bytes));
  std::string command(bytes, static_cast<size_t>(stream.gcount()));
  if (!command.empty() && command.back() == '\n') command.pop_back();
  std::replace_if(
      command.begin(), command.end(), [](char c) { return c < ' ' || c > '~'; },
      '?');
  return command;
}

enum class Holds { kYes, kNo, kUnknown };

Holds LookInto(const fs::path& fd_folder, const fs::path& path,
               int& links_left) {
  std::error_code error;
  fs::directory_iterator entry(fd_folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (--links_left < 0) return Holds::kUnknown;
    std::error_code gone;
    if (fs::read_symlink(entry->path(), gone) == path) return Holds::kYes;
  }
  return error == std::errc::permission_denied ? Holds::kUnknown : Holds::kNo;
}

}  // namespace

HolderSearch FindHolders(const std::string& path, const std::string& proc) {
  HolderSearch search;
  int links_left = kMaxLinks;
  std::error_code error;
  fs::directory_iterator entry(proc, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::optional<pid_t> pid =
        ParsePid(entry->path().filename().string());
    if (!pid.has_value()) continue;
    switch (LookInto(entry->path() / "fd", path, links_left)) {
      case Holds::kYes:
        search.holders.push_back({*pid, ReadCommand(entry->path() / "comm")});
        break;
      case Holds::kUnknown:
        search.complete = false;
        break;
      case Holds::kNo:
        break;
    }
  }
  if (error) search.complete = false;
  std::sort(search.holders.begin(), search.holders.end(),
            [](const Holder& a, const Holder& b) { return a.pid < b.pid; });
  return search;
}

std::string DescribeHolders(const HolderSearch& search) {
  if (search.holders.empty()) {
    return search.complete
               ? "no process has it open now; a copied device fd or a mapping "
                 "that outlived its VM may keep it busy"
               : "to see which process holds it, run as root";
  }
  std::vector<std::string> names;
  for (const Holder& holder : search.holders) {
    if (names.size() == kMaxNamedHolders) {
      names.push_back(
          absl::StrFormat("%d more", search.holders.size() - kMaxNamedHolders));
      break;
    }
    names.push_back(absl::StrFormat(
        "%s (pid %d)", holder.command.empty() ? "a process" : holder.command,
        holder.pid));
  }
  return "held by " + absl::StrJoin(names, ", ");
}

}  // namespace oriel::capture
