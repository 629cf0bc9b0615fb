#include "capture/region/foreign_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "capture/device/fake_device.h"

namespace oriel::capture {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

constexpr uint32_t kMappable =
    VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP;
const uint64_t kPage = static_cast<uint64_t>(getpagesize());

class ForeignMemoryTest : public ::testing::Test {
 protected:
  ForeignMemoryTest() : memory_(std::make_shared<FakeMemory>(8 * kPage)) {
    for (size_t i = 0; i < memory_->bytes().size(); ++i)
      memory_->bytes()[i] = static_cast<uint8_t>(i / kPage + 1);
    device_.SetRegion(0, RegionReply(0, kMappable, 8 * kPage).bytes(), memory_);
  }

  absl::StatusOr<std::shared_ptr<ForeignMemory>> Map(uint64_t offset,
                                                     uint64_t size_bytes) {
    ASSIGN_OR_RETURN(Region region, QueryRegion(device_, 0));
    return ForeignMemory::Map(device_, region, offset, size_bytes);
  }

  static absl::StatusOr<std::vector<uint8_t>> Copy(ForeignMemory& memory,
                                                   uint64_t offset,
                                                   uint64_t size_bytes) {
    std::vector<uint8_t> copy;
    RETURN_IF_ERROR(
        memory.Visit(offset, size_bytes, [&](std::span<const uint8_t> bytes) {
          copy.assign(bytes.begin(), bytes.end());
        }));
    return copy;
  }

  static int MappedViews() {
    std::ifstream maps("/proc/self/maps");
    int count = 0;
    for (std::string line; std::getline(maps, line);)
      count += line.find("oriel-fake-memory") != std::string::npos ? 1 : 0;
    return count;
  }

  FakeDevice device_;
  std::shared_ptr<FakeMemory> memory_;
  bool has_entered_ = false;  // of one visiting thread
};

TEST_F(ForeignMemoryTest, ShowsTheBytesAtAnUnalignedOffset) {
  const auto memory = Map(kPage - 2, 4);
  ASSERT_TRUE(memory.ok()) << memory.status();
  EXPECT_EQ((*memory)->size_bytes(), 4u);
  const auto bytes = Copy(**memory, 0, 4);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(*bytes, (std::vector<uint8_t>{1, 1, 2, 2}));
  const auto last = Copy(**memory, 3, 1);
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_EQ(*last, (std::vector<uint8_t>{2}));
}

TEST_F(ForeignMemoryTest, SeesWhatTheOtherSideWrites) {
  const auto memory = Map(0, 8 * kPage);
  ASSERT_TRUE(memory.ok()) << memory.status();
  memory_->bytes()[5 * kPage] = 0xEE;
  const auto bytes = Copy(**memory, 5 * kPage, 1);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(bytes->front(), 0xEE);
}

TEST_F(ForeignMemoryTest, VisitBeyondTheMappedPartIsOutOfRange) {
  const auto memory = Map(0, kPage);
  ASSERT_TRUE(memory.ok()) << memory.status();
  EXPECT_TRUE(absl::IsOutOfRange(Copy(**memory, 0, kPage + 1).status()));
  EXPECT_TRUE(absl::IsOutOfRange(Copy(**memory, kPage + 1, 0).status()));
  EXPECT_TRUE(absl::IsOutOfRange(Copy(**memory, 1, ~uint64_t{0}).status()));
}

TEST_F(ForeignMemoryTest, HoleBetweenSparseAreasCannotBeMapped) {
  device_.SetRegion(0,
                    RegionReply(0, kMappable, 8 * kPage)
                        .AddSparse({{0, kPage}, {4 * kPage, 2 * kPage}})
                        .bytes(),
                    memory_);
  EXPECT_TRUE(absl::IsFailedPrecondition(Map(0, 2 * kPage).status()));
  const auto memory = Map(4 * kPage + 1, 10);
  ASSERT_TRUE(memory.ok()) << memory.status();
  const auto bytes = Copy(**memory, 0, 10);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_THAT(*bytes, Each(5));
}

TEST_F(ForeignMemoryTest, RegionThatCannotBeMappedSaysSo) {
  device_.SetRegion(
      0, RegionReply(0, VFIO_REGION_INFO_FLAG_READ, kPage).bytes(), memory_);
  const auto memory = Map(0, kPage);
  EXPECT_TRUE(absl::IsFailedPrecondition(memory.status()));
  EXPECT_THAT(std::string(memory.status().message()),
              HasSubstr("region 0 of a fake device"));
}

TEST_F(ForeignMemoryTest, MemorySwitchedOffBeforeAVisitAbortsIt) {
  const auto memory = Map(0, 8 * kPage);
  ASSERT_TRUE(memory.ok()) << memory.status();
  memory_->Truncate(0);
  EXPECT_TRUE(absl::IsAborted(Copy(**memory, 0, kPage).status()));
  EXPECT_TRUE(absl::IsAborted(Copy(**memory, 0, 1).status())) << "and stays so";
}

TEST_F(ForeignMemoryTest, MemorySwitchedOffDuringAVisitReadsAsZerosFromThere) {
  const auto memory = Map(0, 8 * kPage);
  ASSERT_TRUE(memory.ok()) << memory.status();
  std::vector<uint8_t> seen;
  const absl::Status status =
      (*memory)->Visit(0, 8 * kPage, [&](std::span<const uint8_t> bytes) {
        for (uint64_t page = 0; page < 8; ++page) {
          if (page == 3) memory_->Truncate(3 * kPage);
          const volatile uint8_t* byte = &bytes[page * kPage + 17];
          seen.push_back(uint8_t{*byte});
        }
      });
  EXPECT_TRUE(absl::IsAborted(status)) << status;
  EXPECT_EQ(seen, (std::vector<uint8_t>{1, 2, 3, 0, 0, 0, 0, 0}));
}

TEST_F(ForeignMemoryTest, OneMemorysFaultLeavesItsNeighboursAlone) {
  const auto first = Map(0, 4 * kPage);
  auto other_memory = std::make_shared<FakeMemory>(kPage);
  other_memory->bytes()[0] = 9;
  device_.SetRegion(0, RegionReply(0, kMappable, kPage).bytes(), other_memory);
  const auto second = Map(0, kPage);
  ASSERT_TRUE(first.ok() && second.ok());
  memory_->Truncate(0);
  EXPECT_TRUE(absl::IsAborted(Copy(**first, 0, kPage).status()));
  const auto bytes = Copy(**second, 0, 1);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(bytes->front(), 9);
}

TEST_F(ForeignMemoryTest, MappingAgainFindsTheMemoryBack) {
  const auto lost = Map(0, kPage);
  ASSERT_TRUE(lost.ok());
  memory_->Truncate(0);
  EXPECT_TRUE(absl::IsAborted(Copy(**lost, 0, 1).status()));
  EXPECT_TRUE((*lost)->is_lost());
  memory_->Truncate(8 * kPage);
  EXPECT_TRUE(absl::IsAborted(Copy(**lost, 0, 1).status()));
  const auto found = Map(0, kPage);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE(Copy(**found, 0, 1).ok());
  EXPECT_FALSE((*found)->is_lost());
}

TEST_F(ForeignMemoryTest, ManyThreadsLoseTheirMemoriesAtOnce) {
  constexpr int kThreads = 8;
  std::vector<std::shared_ptr<ForeignMemory>> memories;
  for (int i = 0; i < kThreads; ++i) {
    auto memory = Map(0, 8 * kPage);
    ASSERT_TRUE(memory.ok()) << memory.status();
    memories.push_back(*std::move(memory));
  }
  memory_->Truncate(kPage);
  std::atomic<int> aborted{0};
  std::vector<std::thread> threads;
  for (const auto& memory : memories) {
    threads.emplace_back([&aborted, memory] {
      if (absl::IsAborted(Copy(*memory, 0, 8 * kPage).status())) ++aborted;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(aborted, kThreads);
}

TEST_F(ForeignMemoryTest, RevokedMemoryIsUnavailableAndUnmapped) {
  const auto memory = Map(0, kPage);
  ASSERT_TRUE(memory.ok()) << memory.status();
  const int before = MappedViews();
  (*memory)->Revoke();
  EXPECT_EQ(MappedViews(), before - 1);
  EXPECT_TRUE(absl::IsUnavailable(Copy(**memory, 0, 1).status()));
  (*memory)->Revoke();
}

TEST_F(ForeignMemoryTest, RevokeWaitsForNobodyAndTheVisitUnmapsAtItsEnd) {
  const auto memory = Map(0, kPage);
  ASSERT_TRUE(memory.ok()) << memory.status();
  const int before = MappedViews();
  std::promise<void> entered;
  std::promise<void> revoked;
  std::thread visitor([&] {
    const absl::Status status =
        (*memory)->Visit(0, kPage, [&](std::span<const uint8_t> bytes) {
          entered.set_value();
          // As in a device that hangs.
          revoked.get_future().wait();
          EXPECT_EQ(bytes[0], 1) << "still mapped";
        });
    EXPECT_TRUE(status.ok()) << status;
  });
  entered.get_future().wait();
  (*memory)->Revoke();
  EXPECT_EQ(MappedViews(), before);
  revoked.set_value();
  visitor.join();
  EXPECT_EQ(MappedViews(), before - 1);
  EXPECT_TRUE(absl::IsUnavailable(Copy(**memory, 0, 1).status()));
}

TEST_F(ForeignMemoryTest, RevokedBetweenAnyTwoVisitsItIsUnmapped) {
  for (int round = 0; round < 200; ++round) {
    const auto memory = Map(0, kPage);
    ASSERT_TRUE(memory.ok()) << memory.status();
    const int before = MappedViews();
    std::promise<void> entered;
    std::thread visitor([&] {
      while ((*memory)->Visit(0, 1, [](auto) {}).ok()) {
        if (!std::exchange(has_entered_, true)) entered.set_value();
      }
    });
    entered.get_future().wait();
    (*memory)->Revoke();
    visitor.join();
    ASSERT_EQ(MappedViews(), before - 1) << round;
    has_entered_ = false;
  }
}

TEST_F(ForeignMemoryTest, ChildProcessesDoNotInheritTheMapping) {
  const auto memory = Map(0, kPage);
  ASSERT_TRUE(memory.ok()) << memory.status();
  const uint8_t* address = nullptr;
  ASSERT_TRUE((*memory)
                  ->Visit(0, 1,
                          [&](std::span<const uint8_t> bytes) {
                            address = bytes.data();
                          })
                  .ok());
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // write() reports EFAULT where nothing is mapped.
    int pipe_ends[2];
    if (pipe(pipe_ends) != 0) _exit(2);
    _exit(write(pipe_ends[1], address, 1) == -1 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace oriel::capture
