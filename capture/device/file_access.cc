#include "capture/device/file_access.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "absl/strings/str_format.h"

namespace oriel::capture {
namespace {

std::string UserName(uid_t uid) {
  std::vector<char> buffer(16 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  return found != nullptr ? found->pw_name : absl::StrFormat("uid %d", uid);
}

std::string GroupName(gid_t gid) {
  std::vector<char> buffer(64 * 1024);
  group entry{};
  group* found = nullptr;
  getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found);
  return found != nullptr ? found->gr_name : absl::StrFormat("gid %d", gid);
}

// What lets `user` in, by what the file's mode allows already.
std::string WayOut(const struct stat& info, const std::string& path,
                   const std::string& user) {
  constexpr mode_t kGroupReadWrite = S_IRGRP | S_IWGRP;
  const std::string group = GroupName(info.st_gid);
  if ((info.st_mode & kGroupReadWrite) == kGroupReadWrite && info.st_gid != 0) {
    return absl::StrFormat(
        "add %s to the group %s (usermod -aG %s %s) and "
        "start again",
        user, group, group, user);
  }
  return absl::StrFormat(
      "give the file to a group of %s and make it group "
      "readable and writable (chgrp GROUP %s; chmod 0660 "
      "%s; for good by a udev rule)",
      user, path, path);
}

}  // namespace

absl::Status AccessDenied(const std::string& tried, const std::string& path) {
  const std::string user = UserName(geteuid());
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    return absl::PermissionDeniedError(absl::StrFormat(
        "%s: permission denied for user %s, and a folder above the file "
        "cannot be searched either; check the modes along %s",
        tried, user, path));
  }
  return absl::PermissionDeniedError(absl::StrFormat(
      "%s: permission denied for user %s: %s has mode %04o, owner %s, group "
      "%s; %s",
      tried, user, path, info.st_mode & 07777u, UserName(info.st_uid),
      GroupName(info.st_gid), WayOut(info, path, user)));
}

}  // namespace oriel::capture
