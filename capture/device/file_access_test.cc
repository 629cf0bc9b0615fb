#include "capture/device/file_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace oriel::capture {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string MakeFile(const std::string& name, mode_t mode) {
  const std::string path = ::testing::TempDir() + "/" + name;
  std::ofstream(path) << "x";
  EXPECT_EQ(chmod(path.c_str(), mode), 0);
  return path;
}

TEST(AccessDeniedTest, NamesFileModeOwnerAndTheCommandsThatHelp) {
  const std::string path = MakeFile("closed", 0600);
  const absl::Status status = AccessDenied("open device x", path);
  EXPECT_TRUE(absl::IsPermissionDenied(status));
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("open device x: permission denied"),
                    HasSubstr(path + " has mode 0600"),
                    HasSubstr("chmod 0660 " + path), HasSubstr("owner ")));
}

TEST(AccessDeniedTest, GroupThatMayReadAndWriteIsTheWayIn) {
  const std::string path = MakeFile("group", 0660);
  // Without a name in the host's list, and not root's.
  if (chown(path.c_str(), static_cast<uid_t>(-1), 54321) != 0)
    GTEST_SKIP() << "only root can give a file to another group";
  EXPECT_THAT(std::string(AccessDenied("open", path).message()),
              AllOf(HasSubstr("group gid 54321"), HasSubstr("usermod -aG")));
}

TEST(AccessDeniedTest, FileThatCannotBeLookedAtPointsToItsFolders) {
  EXPECT_THAT(std::string(AccessDenied("open", "/nonexistent/x").message()),
              HasSubstr("modes along /nonexistent/x"));
}

}  // namespace
}  // namespace oriel::capture
