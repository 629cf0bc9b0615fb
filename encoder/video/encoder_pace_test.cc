#include "encoder/video/encoder_pace.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace oriel::encoder {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Encodes with choices that take so long for each picture; what it used.
std::vector<size_t> Use(EncoderPace& pace, const std::vector<Duration>& times,
                        int pictures) {
  std::vector<size_t> used = {0};
  for (int i = 0; i < pictures; ++i) {
    const size_t next = pace.Next(used.back(), times[used.back()]);
    if (next != used.back()) used.push_back(next);
  }
  return used;
}

TEST(EncoderPaceTest, OneThatKeepsPaceStays) {
  EncoderPace pace(2);
  EXPECT_EQ(Use(pace, {milliseconds(20), milliseconds(1)}, 1000),
            (std::vector<size_t>{0}));
}

TEST(EncoderPaceTest, ASlowOneGivesWayToTheFirstThatIsQuick) {
  EncoderPace pace(3);
  EXPECT_EQ(
      Use(pace, {milliseconds(400), milliseconds(20), milliseconds(1)}, 1000),
      (std::vector<size_t>{0, 1}));
}

TEST(EncoderPaceTest, OnePictureOfManySecondsIsEnoughToKnow) {
  EncoderPace pace(2);
  EXPECT_EQ(pace.Next(0, seconds(9)), 1u);
  EXPECT_EQ(pace.mean(0), seconds(9));
}

TEST(EncoderPaceTest, WhereAllAreSlowTheQuickestStays) {
  EncoderPace pace(3);
  EXPECT_EQ(Use(pace, {milliseconds(400), milliseconds(900), milliseconds(800)},
                1000),
            (std::vector<size_t>{0, 1, 2, 0}));
}

TEST(EncoderPaceTest, OnlyOneStays) {
  EncoderPace pace(1);
  EXPECT_EQ(Use(pace, {seconds(9)}, 100), (std::vector<size_t>{0}));
}

TEST(EncoderPaceTest, OneThatDoesNotWorkIsNotTried) {
  EncoderPace pace(2);
  pace.Drop(1);
  EXPECT_EQ(Use(pace, {seconds(9), milliseconds(1)}, 100),
            (std::vector<size_t>{0}));
}

TEST(EncoderPaceTest, ChangesAreBounded) {
  EncoderPace pace(2);
  int changes = 0;
  size_t choice = 0;
  for (int i = 0; i < 10'000; ++i) {
    // Whichever is used is the slow one.
    const size_t next = pace.Next(choice, seconds(1 + i));
    changes += next == choice ? 0 : 1;
    choice = next;
  }
  EXPECT_LE(changes, 4);
}

}  // namespace
}  // namespace oriel::encoder
