#include "base/unix_listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel {
namespace {

using testing::HasSubstr;

class UnixListenerTest : public testing::Test {
 protected:
  // Not TEST_TMPDIR itself: its path can be longer than a socket's may be.
  UnixListenerTest() {
    char name[] = "/tmp/oriel-listener-XXXXXX";
    directory_ = mkdtemp(name);
    path_ = directory_ + "/oriel.sock";
  }
  ~UnixListenerTest() override { std::filesystem::remove_all(directory_); }

  static sockaddr_un AddressOf(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    return address;
  }
  static UniqueFd Listen(const std::string& path, int type = SOCK_STREAM) {
    UniqueFd fd(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    const sockaddr_un address = AddressOf(path);
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                   sizeof(address)),
              0)
        << path << ": " << std::strerror(errno);
    EXPECT_EQ(listen(fd.get(), 4), 0);
    return fd;
  }
  static bool Connects(const std::string& path) {
    const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un address = AddressOf(path);
    return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                   sizeof(address)) == 0;
  }
  std::string PrepareError() {
    const auto listener = UnixListener::Prepare(path_, 0600);
    return listener.ok() ? "prepared"
                         : std::string(listener.status().message());
  }
  int FileCount() const {
    const std::filesystem::directory_iterator files(directory_);
    return static_cast<int>(std::distance(begin(files), end(files)));
  }

  std::string directory_;
  std::string path_;
};

TEST_F(UnixListenerTest, TheSocketAppearsWithItsModeAndGoesWithItsOwner) {
  const mode_t old_umask = umask(0077);
  {
    auto listener = UnixListener::Prepare(path_, 0666);
    ASSERT_TRUE(listener.ok()) << listener.status();
    const UniqueFd server = Listen((*listener)->bind_path());
    EXPECT_FALSE(std::filesystem::exists(path_));
    ASSERT_TRUE((*listener)->Publish().ok());
    struct stat status;
    ASSERT_EQ(stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0666u);
    EXPECT_TRUE(Connects(path_));
    EXPECT_EQ(FileCount(), 1);
  }
  umask(old_umask);
  EXPECT_EQ(FileCount(), 0);
}

TEST_F(UnixListenerTest, NobodyElseReachesTheSocketBeforeItIsPublished) {
  auto listener = UnixListener::Prepare(path_, 0666);
  ASSERT_TRUE(listener.ok()) << listener.status();
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    EXPECT_EQ(entry.status().permissions(), std::filesystem::perms::owner_all);
  }
  EXPECT_EQ(FileCount(), 1);
}

TEST_F(UnixListenerTest, ADeadSocketIsReplaced) {
  Listen(path_).reset();
  EXPECT_TRUE(std::filesystem::exists(path_));
  auto listener = UnixListener::Prepare(path_, 0600);
  ASSERT_TRUE(listener.ok()) << listener.status();
  const UniqueFd server = Listen((*listener)->bind_path());
  ASSERT_TRUE((*listener)->Publish().ok());
  EXPECT_TRUE(Connects(path_));
}

TEST_F(UnixListenerTest, ALiveSocketIsRefusedAndLeftAlone) {
  const UniqueFd other = Listen(path_);
  EXPECT_THAT(PrepareError(), HasSubstr("another server listens there"));
  EXPECT_TRUE(Connects(path_));
  EXPECT_EQ(FileCount(), 1);
}

TEST_F(UnixListenerTest, SocketsOfOtherTypesAreAsLiveAndAsDead) {
  UniqueFd other = Listen(path_, SOCK_SEQPACKET);
  EXPECT_THAT(PrepareError(), HasSubstr("another server listens there"));
  other.reset();
  EXPECT_EQ(PrepareError(), "prepared");
}

TEST_F(UnixListenerTest, OfTwoThatStartAtOnceTheSecondIsRefused) {
  auto first = UnixListener::Prepare(path_, 0600);
  auto second = UnixListener::Prepare(path_, 0600);
  ASSERT_TRUE(first.ok() && second.ok());
  const UniqueFd first_server = Listen((*first)->bind_path());
  const UniqueFd second_server = Listen((*second)->bind_path());
  EXPECT_TRUE((*first)->Publish().ok());
  EXPECT_EQ((*second)->Publish().code(), absl::StatusCode::kAlreadyExists);
  second->reset();
  EXPECT_TRUE(Connects(path_));
}

TEST_F(UnixListenerTest, ASocketThatReplacedOursStays) {
  auto listener = UnixListener::Prepare(path_, 0600);
  ASSERT_TRUE(listener.ok()) << listener.status();
  const UniqueFd server = Listen((*listener)->bind_path());
  ASSERT_TRUE((*listener)->Publish().ok());
  // Beside it first, so that the two cannot have the same inode.
  const UniqueFd other = Listen(directory_ + "/other.sock");
  std::filesystem::rename(directory_ + "/other.sock", path_);
  listener->reset();
  EXPECT_TRUE(Connects(path_));
}

// In a process of its own, because it is the process that ends.
TEST_F(UnixListenerTest, AnEndTakesAllSocketsAwayAndLetsNoneAppear) {
  EXPECT_EXIT(
      {
        auto first = UnixListener::Prepare(path_, 0600);
        auto late = UnixListener::Prepare(directory_ + "/late.sock", 0600);
        const UniqueFd server = Listen((*first)->bind_path());
        const UniqueFd late_server = Listen((*late)->bind_path());
        if (!(*first)->Publish().ok() || !Connects(path_)) _exit(1);
        UnixListener::UnpublishAll();
        if (std::filesystem::exists(path_)) _exit(2);
        if (!absl::IsCancelled((*late)->Publish())) _exit(3);
        // Another's that came after ours was taken away.
        const UniqueFd next = Listen(path_);
        first->reset();
        late->reset();
        if (!Connects(path_) || FileCount() != 1) _exit(4);
        _exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(UnixListenerTest, AFileThatIsNoSocketIsRefusedAndLeftAlone) {
  std::ofstream(path_) << "precious";
  EXPECT_THAT(PrepareError(), HasSubstr("it is there and no socket"));
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
}

TEST_F(UnixListenerTest, AMissingDirectoryIsNamed) {
  path_ = directory_ + "/missing/oriel.sock";
  EXPECT_THAT(PrepareError(), HasSubstr("its directory " + directory_ +
                                        "/missing: No such file"));
}

TEST_F(UnixListenerTest, PathsThatTheKernelCannotTakeAreRefused) {
  path_ = directory_ + "/" + std::string(120, 'n');
  EXPECT_THAT(PrepareError(), HasSubstr("the kernel takes at most 107"));
  path_ = "oriel.sock";
  EXPECT_THAT(PrepareError(), HasSubstr("is not absolute"));
}

TEST_F(UnixListenerTest, APathOfTheGreatestLengthWorks) {
  path_ = directory_ + "/" + std::string(107 - directory_.size() - 1, 'n');
  auto listener = UnixListener::Prepare(path_, 0600);
  ASSERT_TRUE(listener.ok()) << listener.status();
  const UniqueFd server = Listen((*listener)->bind_path());
  ASSERT_TRUE((*listener)->Publish().ok());
  EXPECT_TRUE(Connects(path_));
}

}  // namespace
}  // namespace oriel
