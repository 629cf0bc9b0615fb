#include "capture/discovery/holders.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <unordered_set>

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

// The paths looked for, and where each stands in the caller's list.
using Wanted = std::unordered_map<std::string, std::vector<size_t>>;

struct Found {
  std::unordered_set<std::string> paths;
  bool complete = true;
};

Found LookInto(const fs::path& fd_folder, const Wanted& wanted,
               int& links_left) {
  Found found;
  std::error_code error;
  fs::directory_iterator entry(fd_folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (found.paths.size() == wanted.size()) return found;
    if (--links_left < 0) {
      found.complete = false;
      return found;
    }
    std::error_code gone;
    const std::string target = fs::read_symlink(entry->path(), gone).string();
    if (wanted.contains(target)) found.paths.insert(target);
  }
  found.complete = error != std::errc::permission_denied;
  return found;
}

}  // namespace

std::vector<HolderSearch> FindHoldersOfAll(
    const std::vector<std::string>& paths, const std::string& proc) {
  std::vector<HolderSearch> searches(paths.size());
  Wanted wanted;
  for (size_t i = 0; i < paths.size(); ++i) wanted[paths[i]].push_back(i);
  if (wanted.empty()) return searches;
  bool complete = true;
  int links_left = kMaxLinks;
  std::error_code error;
  fs::directory_iterator entry(proc, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::optional<pid_t> pid =
        ParsePid(entry->path().filename().string());
    if (!pid.has_value()) continue;
    const Found found = LookInto(entry->path() / "fd", wanted, links_left);
    complete &= found.complete;
    if (found.paths.empty()) continue;
    const Holder holder{*pid, ReadCommand(entry->path() / "comm")};
    for (const std::string& path : found.paths) {
      for (const size_t i : wanted.at(path))
        searches[i].holders.push_back(holder);
    }
  }
  if (error) complete = false;
  for (HolderSearch& search : searches) {
    search.complete = complete;
    std::sort(search.holders.begin(), search.holders.end(),
              [](const Holder& a, const Holder& b) { return a.pid < b.pid; });
  }
  return searches;
}

HolderSearch FindHolders(const std::string& path, const std::string& proc) {
  return FindHoldersOfAll({path}, proc).front();
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
