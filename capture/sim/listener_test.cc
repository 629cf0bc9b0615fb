#include "capture/sim/listener.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace oriel::capture::sim {
namespace {

class ListenerTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(mkdtemp(folder_), nullptr); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Path(const char* name) {
    return std::string(folder_) + "/" + name;
  }

  // Not Bazel's: that name is longer than a socket's path may be.
  char folder_[32] = "/tmp/oriel-sim-XXXXXX";
};

TEST_F(ListenerTest, AStaleSocketIsReplacedAndALiveOneRefused) {
  const std::string path = Path("stale.sock");
  auto first = Listener::Open(path);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto refused = Listener::Open(path);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_NE(std::string(refused.status().message()).find(path),
            std::string::npos);
  // A file whose socket died with its process.
  const std::string moved = path + ".moved";
  ASSERT_EQ(rename(path.c_str(), moved.c_str()), 0);
  { const Listener dies = *std::move(first); }
  struct stat info {};
  ASSERT_EQ(stat(moved.c_str(), &info), 0);
  EXPECT_TRUE(Listener::Open(moved).ok());
  EXPECT_NE(stat(moved.c_str(), &info), 0);
}

TEST_F(ListenerTest, OtherFilesAndLongPathsAreRefused) {
  const std::string path = Path("file");
  std::ofstream(path) << "precious";
  EXPECT_EQ(Listener::Open(path).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Listener::Open(std::string(200, 'a')).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace oriel::capture::sim
