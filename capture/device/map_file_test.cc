#include "capture/device/map_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "base/unique_fd.h"
#include "capture/device/fake_device.h"

namespace oriel::capture {
namespace {

using ::testing::HasSubstr;

const size_t kPage = static_cast<size_t>(getpagesize());

bool IsMapped(const void* address) {
  unsigned char resident = 0;
  return mincore(const_cast<void*>(address), kPage, &resident) == 0;
}

TEST(MapFileTest, ShowsWhatOthersWriteIntoTheFile) {
  FakeMemory memory(2 * kPage);
  const auto mapping = MapFile(memory.fd(), kPage, kPage, "memory");
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  memory.bytes()[kPage] = 42;
  EXPECT_EQ(*static_cast<const volatile uint8_t*>(mapping->address()), 42);
  EXPECT_EQ(mapping->size_bytes(), kPage);
}

TEST(MapFileTest, MappingIsUndoneOnceByItsLastOwner) {
  FakeMemory memory(kPage);
  auto mapping = MapFile(memory.fd(), 0, kPage, "memory");
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  const void* address = mapping->address();
  {
    Mapping owner = *std::move(mapping);
    EXPECT_EQ(owner.address(), address);
    EXPECT_TRUE(IsMapped(address));
    Mapping next;
    next = std::move(owner);
    EXPECT_TRUE(IsMapped(address));
  }
  EXPECT_FALSE(IsMapped(address));
}

TEST(MapFileTest, PartsOfPagesAndImpossibleOffsetsAreRefused) {
  FakeMemory memory(kPage);
  const uint64_t huge = ~uint64_t{0} - kPage + 1;
  EXPECT_TRUE(
      absl::IsInvalidArgument(MapFile(memory.fd(), 1, kPage, "m").status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(MapFile(memory.fd(), 0, 17, "m").status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(MapFile(memory.fd(), 0, 0, "m").status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(MapFile(memory.fd(), huge, kPage, "m").status()));
}

TEST(MapFileTest, FileThatForbidsReadingIsAFailedPrecondition) {
  const std::string path = ::testing::TempDir() + "/write_only";
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const auto mapping = MapFile(fd.get(), 0, kPage, "a peer's memory");
  EXPECT_TRUE(absl::IsFailedPrecondition(mapping.status()));
  EXPECT_THAT(std::string(mapping.status().message()),
              HasSubstr("a peer's memory"));
}

}  // namespace
}  // namespace oriel::capture
