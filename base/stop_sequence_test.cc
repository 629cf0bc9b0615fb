#include "base/stop_sequence.h"

#include "gtest/gtest.h"

namespace oriel {
namespace {

using std::chrono::milliseconds;
using Meaning = StopSequence::Meaning;

constexpr Time kStart{std::chrono::hours(1)};

TEST(StopSequenceTest, TheFirstSignalIsAWishToStop) {
  StopSequence sequence;
  EXPECT_EQ(sequence.OnSignal(kStart), Meaning::kStop);
}

TEST(StopSequenceTest, ARepeatWithinASecondIsTheSameWish) {
  StopSequence sequence;
  sequence.OnSignal(kStart);
  EXPECT_EQ(sequence.OnSignal(kStart), Meaning::kRepeat);
  EXPECT_EQ(sequence.OnSignal(kStart + milliseconds(5)), Meaning::kRepeat);
  EXPECT_EQ(sequence.OnSignal(kStart + milliseconds(999)), Meaning::kRepeat);
}

TEST(StopSequenceTest, ALaterOneEndsAtOnce) {
  StopSequence sequence;
  sequence.OnSignal(kStart);
  EXPECT_EQ(sequence.OnSignal(kStart + milliseconds(1000)), Meaning::kEndNow);
}

// Somebody who presses Ctrl-C again and again is heard after a second.
TEST(StopSequenceTest, RepeatsDoNotPutTheEndOff) {
  StopSequence sequence;
  sequence.OnSignal(kStart);
  for (int i = 1; i < 10; ++i) {
    EXPECT_EQ(sequence.OnSignal(kStart + i * milliseconds(100)),
              Meaning::kRepeat);
  }
  EXPECT_EQ(sequence.OnSignal(kStart + milliseconds(1100)), Meaning::kEndNow);
}

}  // namespace
}  // namespace oriel
