#include "capture/discovery/holders.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "capture/discovery/fake_host.h"

namespace oriel::capture {
namespace {

using ::testing::HasSubstr;

TEST(FindHoldersTest, NamesEveryProcessThatHasTheFileOpen) {
  FakeHost host;
  host.AddProcess("4711", "qemu-system-x86\n", "/dev/vfio/7");
  host.AddProcess("12", "libvirtd\n", "/dev/vfio/7");
  host.AddProcess("13", "bash\n", "/dev/vfio/77");
  host.AddProcess("self", "me\n", "/dev/vfio/7");
  const HolderSearch search = FindHolders("/dev/vfio/7", host.paths().proc);
  EXPECT_TRUE(search.complete);
  ASSERT_EQ(search.holders.size(), 2u);
  EXPECT_EQ(search.holders[1].pid, 4711);
  EXPECT_EQ(DescribeHolders(search),
            "held by libvirtd (pid 12), qemu-system-x86 (pid 4711)");
}

TEST(FindHoldersTest, FindsTheHoldersOfManyFilesInOnePass) {
  FakeHost host;
  host.AddProcess("4711", "qemu-system-x86\n", "/dev/vfio/7");
  std::filesystem::create_symlink("/dev/vfio/8",
                                  host.paths().proc + "/4711/fd/9");
  host.AddProcess("12", "libvirtd\n", "/dev/vfio/8");
  const std::vector<HolderSearch> searches = FindHoldersOfAll(
      {"/dev/vfio/9", "/dev/vfio/8", "/dev/vfio/7", "/dev/vfio/7"},
      host.paths().proc);
  ASSERT_EQ(searches.size(), 4u);
  EXPECT_TRUE(searches[0].holders.empty());
  ASSERT_EQ(searches[1].holders.size(), 2u);
  EXPECT_EQ(searches[1].holders[0].pid, 12);
  ASSERT_EQ(searches[2].holders.size(), 1u);
  EXPECT_EQ(searches[2].holders[0].command, "qemu-system-x86");
  EXPECT_EQ(searches[3].holders.size(), 1u);
}

TEST(FindHoldersTest, FindsThisVeryProcessInTheRealProc) {
  const std::string path = ::testing::TempDir() + "/held";
  const UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_TRUE(fd.valid());
  const std::string target = std::filesystem::read_symlink(
      "/proc/self/fd/" + std::to_string(fd.get()));
  const HolderSearch search = FindHolders(target);
  EXPECT_TRUE(std::any_of(search.holders.begin(), search.holders.end(),
                          [](const Holder& h) { return h.pid == getpid(); }));
}

TEST(FindHoldersTest, HostileNamesArePrintable) {
  FakeHost host;
  host.AddProcess("5", "\x1b[2J\n\xff" + std::string(10000, 'x'),
                  "/dev/vfio/7");
  const HolderSearch search = FindHolders("/dev/vfio/7", host.paths().proc);
  ASSERT_EQ(search.holders.size(), 1u);
  EXPECT_EQ(search.holders[0].command, "?[2J??xxxxxxxxx");
}

TEST(FindHoldersTest, OddEntriesAreSkipped) {
  FakeHost host;
  const std::filesystem::path proc = host.paths().proc;
  host.AddProcess("99999999999999999999", "big\n", "/dev/vfio/7");
  host.AddProcess("-1", "negative\n", "/dev/vfio/7");
  host.AddProcess("0", "zero\n", "/dev/vfio/7");
  host.AddProcess("8x", "trailing\n", "/dev/vfio/7");
  std::filesystem::create_directories(proc / "20/fd/3");  // no link
  std::filesystem::create_directories(proc / "21");       // gone
  std::ofstream(proc / "22") << "a file";
  std::filesystem::create_directories(proc / "23");
  std::filesystem::create_symlink("fd", proc / "23/fd");  // leads to itself
  EXPECT_TRUE(FindHolders("/dev/vfio/7", proc).holders.empty());
}

TEST(FindHoldersTest, MissingProcIsAnIncompleteSearch) {
  const HolderSearch search = FindHolders("/dev/vfio/7", "/nonexistent");
  EXPECT_FALSE(search.complete);
  EXPECT_THAT(DescribeHolders(search), HasSubstr("run as root"));
}

TEST(FindHoldersTest, OthersFilesNeedRoot) {
  if (geteuid() == 0 && setegid(65534) == 0 && seteuid(65534) == 0) {
    const HolderSearch search = FindHolders("/dev/vfio/none");
    ASSERT_EQ(seteuid(0), 0);
    ASSERT_EQ(setegid(0), 0);
    EXPECT_FALSE(search.complete);
  } else {
    EXPECT_FALSE(FindHolders("/dev/vfio/none").complete);
  }
}

TEST(DescribeHoldersTest, NamesFourAndCountsTheRest) {
  HolderSearch search;
  for (pid_t pid = 1; pid <= 9; ++pid) search.holders.push_back({pid, ""});
  EXPECT_EQ(DescribeHolders(search),
            "held by a process (pid 1), a process (pid 2), a process (pid 3), "
            "a process (pid 4), 5 more");
}

TEST(DescribeHoldersTest, NobodyInACompleteSearchHasAReason) {
  EXPECT_THAT(DescribeHolders(HolderSearch{}), HasSubstr("mapping"));
}

}  // namespace
}  // namespace oriel::capture
