#include "capture/borrow/loan_pause.h"

#include <gtest/gtest.h>

#include <chrono>

namespace oriel::capture {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LoanPauseTest : public ::testing::Test {
 protected:
  // Lent at the pause's end and closed `loan` later; how long the next pause
  // is.
  Duration PauseAfter(Duration loan) {
    const Time lent_since = now_;
    now_ += loan;
    pause_.Closed(lent_since, now_);
    const Duration length = pause_.end() - now_;
    now_ = pause_.end();
    return length;
  }

  LoanPause pause_;
  Time now_ = Clock::now();
};

TEST_F(LoanPauseTest, ThereIsNoneBeforeAnythingWasClosed) {
  EXPECT_LE(pause_.end(), now_);
  EXPECT_TRUE(pause_.IsForgotten(now_));
}

TEST_F(LoanPauseTest, DoublesWhileLoansAreShort) {
  for (const int length : {500, 1000, 2000, 4000, 8000, 8000, 8000}) {
    EXPECT_EQ(PauseAfter(milliseconds(20)), milliseconds(length));
  }
  EXPECT_EQ(PauseAfter(milliseconds(9999)), seconds(8));
}

TEST_F(LoanPauseTest, ALongLoanMakesItBeginAnew) {
  EXPECT_EQ(PauseAfter(seconds(3600)), milliseconds(500));
  PauseAfter(milliseconds(20));
  PauseAfter(milliseconds(20));
  EXPECT_EQ(PauseAfter(seconds(10)), milliseconds(500));
  EXPECT_EQ(PauseAfter(milliseconds(20)), milliseconds(1000));
}

TEST_F(LoanPauseTest, DevicesClosedTogetherCountOnce) {
  const Time lent_since = now_;
  for (int device = 0; device < 4; ++device) pause_.Closed(lent_since, now_);
  pause_.Closed(lent_since, now_ + milliseconds(499));
  EXPECT_EQ(pause_.end(), now_ + milliseconds(500));
}

TEST_F(LoanPauseTest, IsForgottenAWhileAfterItsEnd) {
  PauseAfter(milliseconds(20));
  EXPECT_FALSE(pause_.IsForgotten(now_ - milliseconds(1)));
  EXPECT_FALSE(pause_.IsForgotten(now_ + milliseconds(9999)));
  EXPECT_TRUE(pause_.IsForgotten(now_ + seconds(10)));
}

}  // namespace
}  // namespace oriel::capture
