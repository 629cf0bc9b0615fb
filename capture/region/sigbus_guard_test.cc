#include "capture/region/sigbus_guard.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csetjmp>
#include <cstdint>
#include <utility>
#include <vector>

#include "capture/device/fake_device.h"

namespace oriel::capture {
namespace {

const size_t kPage = static_cast<size_t>(getpagesize());

uint8_t Touch(uint8_t* address) {
  return *const_cast<volatile uint8_t*>(address);
}

sigjmp_buf g_earlier_jump;
volatile sig_atomic_t g_earlier_calls = 0;

void EarlierHandler(int, siginfo_t*, void*) {
  g_earlier_calls = g_earlier_calls + 1;
  siglongjmp(g_earlier_jump, 1);
}

// The first test of the process: the guard's handler must find this one.
TEST(SigbusGuardTest, AddressesThatAreNotGuardedGoToTheEarlierHandler) {
  struct sigaction earlier {};
  earlier.sa_sigaction = &EarlierHandler;
  earlier.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &earlier, nullptr);

  FakeMemory guarded(kPage);
  FakeMemory stranger(kPage);
  const auto guard = SigbusGuard::Protect(guarded.bytes().data(), kPage);
  ASSERT_TRUE(guard.has_value());
  stranger.Truncate(0);
  guarded.Truncate(0);
  if (sigsetjmp(g_earlier_jump, 1) == 0) {
    Touch(stranger.bytes().data());
    FAIL() << "the stranger's fault was swallowed";
  }
  EXPECT_EQ(g_earlier_calls, 1);
  EXPECT_FALSE(guard->tripped());
  EXPECT_EQ(Touch(guarded.bytes().data()), 0);
  EXPECT_TRUE(guard->tripped());
  EXPECT_EQ(g_earlier_calls, 1);
}

TEST(SigbusGuardTest, SignalSentByAProcessGoesToTheEarlierHandler) {
  const int calls = g_earlier_calls;
  if (sigsetjmp(g_earlier_jump, 1) == 0) raise(SIGBUS);
  EXPECT_EQ(g_earlier_calls, calls + 1);
}

TEST(SigbusGuardTest, PagesBeforeTheFaultKeepTheirBytes) {
  FakeMemory memory(4 * kPage);
  memory.bytes()[kPage] = 7;
  const auto guard = SigbusGuard::Protect(memory.bytes().data(), 4 * kPage);
  ASSERT_TRUE(guard.has_value());
  memory.Truncate(2 * kPage);
  EXPECT_EQ(Touch(&memory.bytes()[3 * kPage + 5]), 0);
  EXPECT_TRUE(guard->tripped());
  EXPECT_EQ(Touch(&memory.bytes()[kPage]), 7);
}

TEST(SigbusGuardTest, ErrnoSurvivesAFault) {
  FakeMemory memory(kPage);
  const auto guard = SigbusGuard::Protect(memory.bytes().data(), kPage);
  memory.Truncate(0);
  errno = 1234;
  Touch(memory.bytes().data());
  EXPECT_EQ(errno, 1234);
}

TEST(SigbusGuardTest, SlotsAreBoundedAndComeBack) {
  FakeMemory memory(kPage);
  std::vector<SigbusGuard> guards;
  while (auto guard = SigbusGuard::Protect(memory.bytes().data(), kPage))
    guards.push_back(*std::move(guard));
  EXPECT_EQ(guards.size(), static_cast<size_t>(SigbusGuard::kMaxGuards));
  guards.clear();
  EXPECT_TRUE(SigbusGuard::Protect(memory.bytes().data(), kPage).has_value());
}

TEST(SigbusGuardTest, NewGuardInAUsedSlotStartsUntripped) {
  for (int round = 0; round < 3; ++round) {
    FakeMemory memory(kPage);
    const auto guard = SigbusGuard::Protect(memory.bytes().data(), kPage);
    ASSERT_TRUE(guard.has_value());
    EXPECT_FALSE(guard->tripped());
    memory.Truncate(0);
    Touch(memory.bytes().data());
    EXPECT_TRUE(guard->tripped());
  }
}

TEST(SigbusGuardDeathTest, WithoutAnEarlierHandlerAStrangersFaultStillKills) {
  // A process of its own, in which nobody installed a handler yet.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        signal(SIGBUS, SIG_DFL);
        FakeMemory guarded(kPage);
        const auto guard = SigbusGuard::Protect(guarded.bytes().data(), kPage);
        FakeMemory stranger(kPage);
        stranger.Truncate(0);
        Touch(stranger.bytes().data());
      },
      ::testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace oriel::capture
