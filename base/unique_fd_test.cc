#include "base/unique_fd.h"

#include <fcntl.h>

#include <utility>

#include "gtest/gtest.h"

namespace oriel {
namespace {

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFdTest, ClosesWhatItOwnsAtTheEndOfItsScope) {
  int raw = -1;
  {
    UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    raw = fd.get();
    ASSERT_TRUE(IsOpen(raw));
  }
  EXPECT_FALSE(IsOpen(raw));
}

TEST(UniqueFdTest, MoveAssignmentClosesTheOldAndEmptiesTheSource) {
  UniqueFd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  UniqueFd second(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int first_raw = first.get();
  const int second_raw = second.get();
  first = std::move(second);
  EXPECT_FALSE(IsOpen(first_raw));
  EXPECT_EQ(first.get(), second_raw);
  EXPECT_FALSE(second.valid());
}

TEST(UniqueFdTest, ReleaseHandsOwnershipOver) {
  UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd other(fd.release());
  EXPECT_FALSE(fd.valid());
  EXPECT_TRUE(IsOpen(other.get()));
}

}  // namespace
}  // namespace oriel
