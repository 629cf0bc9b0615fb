#include "capture/borrow/process_table.h"

#include <numeric>
#include <vector>

#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Found = ProcessTable::Found;
using News = ProcessTable::News;

const Time kStart = Time() + std::chrono::hours(1);

std::vector<pid_t> Pids(pid_t from, int count) {
  std::vector<pid_t> pids(static_cast<size_t>(count));
  std::iota(pids.begin(), pids.end(), from);
  return pids;
}

class ProcessTableTest : public ::testing::Test {
 protected:
  // Processes that were there at the start and have been looked at.
  void Fill(const std::vector<pid_t>& pids, Found found = Found::kNothing) {
    table_.Present(pids, now_);
    LookAtWhatIsDue(found);
    looks_ = 0;
  }

  // How many looks; how many of them at `counted_` are added to looks_.
  int LookAtWhatIsDue(Found found = Found::kNothing, News news = News::kNone) {
    int looks = 0;
    while (const auto pid = table_.Next(now_)) {
      ++looks;
      if (*pid == counted_) ++looks_;
      table_.Looked(*pid, *pid == counted_ ? found_ : found,
                    *pid == counted_ ? news : News::kNone, cost_, now_);
    }
    return looks;
  }

  // Looks in this time, with five ticks a second.
  int Pass(Duration duration) {
    int looks = 0;
    for (const Time end = now_ + duration; now_ < end;
         now_ += milliseconds(200)) {
      table_.Tick(alarms_come_, now_);
      looks += LookAtWhatIsDue();
    }
    return looks;
  }

  ProcessTable table_;
  Time now_ = kStart;
  bool alarms_come_ = true;
  Duration cost_{};
  pid_t counted_ = 7;
  Found found_ = Found::kNothing;
  int looks_ = 0;
};

TEST_F(ProcessTableTest, LooksOnceAtWhatIsThereAtTheStart) {
  table_.Present(Pids(1, 10000), now_);
  cost_ = milliseconds(1);
  EXPECT_EQ(LookAtWhatIsDue(), 10000);
  EXPECT_EQ(table_.Next(now_), std::nullopt);
}

TEST_F(ProcessTableTest, LooksAtAsFewOfTenThousandProcessesAsOfATenth) {
  int looks[2];
  for (const int few : {0, 1}) {
    table_ = ProcessTable();
    Fill(Pids(1, few ? 1000 : 10000));
    Pass(minutes(1));
    looks[few] = Pass(minutes(1));
    EXPECT_LE(looks[few], 600);
  }
  EXPECT_EQ(looks[0], looks[1]);
}

TEST_F(ProcessTableTest, EachHasItsTurn) {
  Fill(Pids(1, 500));
  Pass(seconds(190));
  EXPECT_EQ(looks_, 3);
}

TEST_F(ProcessTableTest, AfterAnAlarmYoungOnesAndVmmsAreDueFirst) {
  found_ = Found::kVmm;
  Fill(Pids(1, 100));
  table_.Appeared({101, 102}, now_);
  table_.Tick(true, now_);
  EXPECT_EQ(LookAtWhatIsDue(), 2);
  now_ += seconds(1);
  table_.Alarm(now_);
  std::set<pid_t> first;
  for (int i = 0; i < 3; ++i) {
    const auto pid = table_.Next(now_);
    ASSERT_TRUE(pid.has_value());
    first.insert(*pid);
    table_.Looked(*pid, Found::kNothing, News::kNone, {}, now_);
  }
  EXPECT_EQ(first, std::set<pid_t>({7, 101, 102}));
  // And because none of them explains it, all others.
  EXPECT_EQ(LookAtWhatIsDue(), 99);
  EXPECT_EQ(table_.Next(now_), std::nullopt);
}

TEST_F(ProcessTableTest, AnAlarmThatIsExplainedLeavesTheOthersAlone) {
  Fill(Pids(1, 1000));
  table_.Appeared({2000, 2001}, now_);
  counted_ = 2001;
  found_ = Found::kVfio;
  now_ += seconds(1);
  table_.Alarm(now_);
  EXPECT_EQ(LookAtWhatIsDue(Found::kNothing, News::kOpened), 2);
  EXPECT_EQ(looks_, 1);
}

TEST_F(ProcessTableTest, AnAlarmThatIsNotExplainedIsLookedIntoTwice) {
  found_ = Found::kVfio;
  Fill(Pids(1, 10));
  Pass(minutes(5));
  looks_ = 0;
  table_.Alarm(now_);
  LookAtWhatIsDue();
  EXPECT_EQ(looks_, 1);
  table_.Tick(true, now_ += milliseconds(200));
  LookAtWhatIsDue();
  EXPECT_EQ(looks_, 2);
}

TEST_F(ProcessTableTest, AlarmsWithoutEndTakeFewHundredthsOfTheTime) {
  Fill(Pids(1, 10000));
  cost_ = milliseconds(1);
  int looks = 0;
  for (int tick = 0; tick < 500; ++tick) {
    now_ += milliseconds(200);
    table_.Tick(true, now_);
    table_.Alarm(now_);
    looks += LookAtWhatIsDue();
  }
  // What was saved up, and two hundredths of 100 s.
  EXPECT_GE(looks, 2000);
  EXPECT_LE(looks, 500 + 2000 + 500);
}

TEST_F(ProcessTableTest, HoldersAreLookedAtWithoutAnAlarmToo) {
  found_ = Found::kVfio;
  Fill({7});
  Pass(milliseconds(10200));
  EXPECT_EQ(looks_, 10);
  // There may be more to be done with them, for a while.
  found_ = Found::kUnfinished;
  table_.LookSoon(7, now_);
  looks_ = 0;
  Pass(seconds(8));
  EXPECT_EQ(looks_, 20);
  Pass(minutes(5));
  looks_ = 0;
  Pass(seconds(51));
  EXPECT_EQ(looks_, 10);
}

TEST_F(ProcessTableTest, SpendsAHundredthOfTheTimeOnOne) {
  found_ = Found::kUnfinished;
  cost_ = milliseconds(20);
  Fill({7});
  looks_ = 0;
  Pass(seconds(10));
  EXPECT_LE(looks_, 5);
}

TEST_F(ProcessTableTest, ALookThatWasHeldUpIsRepeatedInFiveSeconds) {
  found_ = Found::kUnfinished;
  cost_ = seconds(1);
  Fill({7});
  Pass(milliseconds(5200));
  EXPECT_EQ(looks_, 1);
  // And after an alarm in one.
  table_.Alarm(now_);
  looks_ = 0;
  Pass(milliseconds(1200));
  EXPECT_EQ(looks_, 1);
}

TEST_F(ProcessTableTest, WithoutAlarmsVmmsAndYoungOnesAreDueAllTheTime) {
  alarms_come_ = false;
  table_.Tick(false, now_);
  found_ = Found::kVmm;
  Fill(Pids(1, 100));
  looks_ = 0;
  Pass(seconds(10));
  EXPECT_GE(looks_, 9);
  counted_ = 200;
  found_ = Found::kNothing;
  table_.Appeared({200}, now_);
  looks_ = 0;
  Pass(seconds(10));
  EXPECT_GE(looks_, 20);
  looks_ = 0;
  Pass(seconds(60));
  EXPECT_LE(looks_, 8);
}

TEST_F(ProcessTableTest, NeverLooksAtKernelThreadsAgain) {
  found_ = Found::kKernelThread;
  Fill({7, 8});
  looks_ = 0;
  Pass(minutes(10));
  table_.Alarm(now_);
  LookAtWhatIsDue();
  EXPECT_EQ(looks_, 0);
}

TEST_F(ProcessTableTest, AnotherProcessOfTheSameNumberIsNew) {
  found_ = Found::kKernelThread;
  Fill({7});
  EXPECT_FALSE(table_.IsNew(7));
  now_ += minutes(1);
  table_.Appeared({7}, now_);
  EXPECT_TRUE(table_.IsNew(7));
  table_.Tick(true, now_);
  EXPECT_EQ(table_.Next(now_), 7);
}

TEST_F(ProcessTableTest, AVmmsNumberInOtherHandsIsDueAtOnce) {
  found_ = Found::kVfio;
  Fill(Pids(1, 10));
  now_ += milliseconds(1500);
  table_.Appeared({7}, now_);
  EXPECT_EQ(table_.Next(now_), 7);
}

TEST_F(ProcessTableTest, WhoHeldFilesIsDueWhereFilesAreOpenedOrClosed) {
  found_ = Found::kVfio;
  Fill(Pids(1, 10));
  found_ = Found::kNothing;
  Pass(minutes(10));
  for (const bool alarm : {true, false}) {
    now_ += milliseconds(200);
    if (alarm) {
      table_.Alarm(now_);
    } else {
      table_.LookAtLikely(now_);
    }
    EXPECT_EQ(table_.Next(now_), 7);
    LookAtWhatIsDue();
  }
}

TEST_F(ProcessTableTest, WhereFilesAreClosedTheLikelyAreDueForASecond) {
  found_ = Found::kVmm;
  Fill(Pids(1, 10));
  Pass(minutes(5));
  looks_ = 0;
  // A holder's files went, whatever the count says.
  table_.LookSoon(8, now_);
  ASSERT_EQ(table_.Next(now_), 8);
  table_.Looked(8, Found::kNothing, News::kChanged, {}, now_);
  LookAtWhatIsDue();
  EXPECT_EQ(looks_, 1);
  now_ += milliseconds(200);
  Pass(seconds(1));
  EXPECT_EQ(looks_, 6);
  Pass(seconds(10));
  EXPECT_EQ(looks_, 6);
}

TEST_F(ProcessTableTest, ChangesThatOpenNothingExplainNoAlarm) {
  Fill(Pids(1, 100));
  table_.Appeared({200}, now_);
  counted_ = 200;
  now_ += seconds(1);
  table_.Alarm(now_);
  EXPECT_EQ(LookAtWhatIsDue(Found::kNothing, News::kChanged), 101);
}

// Each look takes long, as under emulation or beside much other work.
TEST_F(ProcessTableTest, VmmsAreDueAtOnceHoweverLongSearchesAndTurnsTook) {
  found_ = Found::kVmm;
  Fill(Pids(1, 1000));
  cost_ = milliseconds(50);
  table_.Alarm(now_);
  LookAtWhatIsDue();
  Pass(minutes(2));
  looks_ = 0;
  table_.Alarm(now_);
  EXPECT_EQ(table_.Next(now_), 7);
}

TEST_F(ProcessTableTest, YoungOnesAreDueInASecondHoweverLongALookTook) {
  Fill(Pids(1, 1000));
  table_.Appeared({2000}, now_);
  Pass(seconds(1));
  cost_ = seconds(30);
  table_.Alarm(now_);
  LookAtWhatIsDue();
  Pass(seconds(1));
  counted_ = 2000;
  cost_ = milliseconds(50);
  table_.Alarm(now_);
  Pass(milliseconds(2200));
  EXPECT_GE(looks_, 1);
}

TEST_F(ProcessTableTest, TurnsLeaveYoungOnesTheirTime) {
  Fill(Pids(1, 10000));
  cost_ = milliseconds(4);
  Pass(minutes(2));
  table_.Appeared({20000}, now_);
  Pass(seconds(1));
  table_.Alarm(now_);
  EXPECT_EQ(table_.Next(now_), 20000);
}

TEST_F(ProcessTableTest, ForgetsWhatHasGone) {
  Fill(Pids(1, 10));
  found_ = Found::kGone;
  table_.LookSoon(7, now_);
  EXPECT_EQ(LookAtWhatIsDue(), 1);
  EXPECT_TRUE(table_.IsNew(7));
  table_.Present(Pids(1, 5), now_ += seconds(1));
  table_.Alarm(now_);
  EXPECT_EQ(LookAtWhatIsDue(), 5);
}

TEST_F(ProcessTableTest, LooksSoonWhereAsked) {
  found_ = Found::kVfio;
  Fill({7});
  EXPECT_GT(table_.due(now_), now_);
  table_.LookSoon(7, now_);
  EXPECT_EQ(table_.due(now_), now_);
  EXPECT_EQ(table_.Next(now_), 7);
}

TEST_F(ProcessTableTest, WithoutProcessesNothingIsDue) {
  EXPECT_EQ(table_.due(now_), Time::max());
  EXPECT_EQ(table_.Next(now_), std::nullopt);
}

}  // namespace
}  // namespace oriel::capture
