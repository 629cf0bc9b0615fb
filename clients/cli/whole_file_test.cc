#include "clients/cli/whole_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(WholeFileTest, ReplacesOnlyWhenItMay) {
  const std::string path = ::testing::TempDir() + "/whole";
  unlink(path.c_str());
  ASSERT_TRUE(WriteWholeFile(path, "one", false).ok());
  EXPECT_EQ(WriteWholeFile(path, "two", false).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Content(path), "one");
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  ASSERT_TRUE(WriteWholeFile(path, "three", true).ok());
  EXPECT_EQ(Content(path), "three");
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
}

TEST(WholeFileTest, WritesToWhatIsNoFile) {
  EXPECT_TRUE(WriteWholeFile("/dev/null", "x", true).ok());
  EXPECT_TRUE(WriteWholeFile("/dev/null", "x", true).ok());
  const absl::Status full = WriteWholeFile("/dev/full", "x", true);
  EXPECT_EQ(full.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(full.message()), ::testing::HasSubstr("/dev/full"));
}

TEST(WholeFileTest, AMissingFolderIsNoMissingDisplay) {
  EXPECT_EQ(WriteWholeFile("/no-such-folder/x.png", "x", true).code(),
            absl::StatusCode::kInternal);
}

TEST(WholeFileTest, ReadsUpToItsLimit) {
  const std::string path = ::testing::TempDir() + "/limit";
  ASSERT_TRUE(WriteWholeFile(path, "four", true).ok());
  const auto fits = ReadWholeFile(path, 4, "is too long");
  ASSERT_TRUE(fits.ok()) << fits.status();
  EXPECT_EQ(std::string(fits->begin(), fits->end()), "four");
  EXPECT_EQ(ReadWholeFile(path, 3, "is too long").status().message(),
            path + " is too long");
  EXPECT_EQ(ReadWholeFile("/no-such-file", 3, "").status().message(),
            "cannot open /no-such-file: No such file or directory");
}

}  // namespace
}  // namespace oriel::clients
