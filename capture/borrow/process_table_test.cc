#include "capture/borrow/process_table.h"

#include <vector>

#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Found = ProcessTable::Found;

const Time kStart = Time() + std::chrono::hours(1);

// How often the process is looked at in a time, each look costing `cost`.
int Looks(ProcessTable& table, pid_t pid, Found found, Time begin, Time end,
          Duration cost = {}) {
  int looks = 0;
  for (Time now = begin; now < end; now += milliseconds(100)) {
    while (table.NextDue(now).has_value()) {
      const pid_t due = *table.NextDue(now);
      if (due == pid) ++looks;
      table.Looked(due, found, cost, now);
    }
  }
  return looks;
}

TEST(ProcessTable, LooksAtNewProcessesOftenThenSeldom) {
  ProcessTable table;
  table.Refresh({1}, kStart);
  table.Refresh({1, 7}, kStart);
  EXPECT_GE(Looks(table, 7, Found::kNothing, kStart, kStart + seconds(10)), 20);
  Looks(table, 7, Found::kNothing, kStart + seconds(10), kStart + seconds(60));
  EXPECT_LE(Looks(table, 7, Found::kNothing, kStart + seconds(60),
                  kStart + seconds(160)),
            11);
}

TEST(ProcessTable, LooksOnceAtWhatWasThereBeforeAndThenSeldom) {
  ProcessTable table;
  table.Refresh({7}, kStart);
  EXPECT_EQ(table.NextDue(kStart), 7);
  EXPECT_LE(Looks(table, 7, Found::kNothing, kStart, kStart + seconds(60)), 12);
}

TEST(ProcessTable, LooksAtVmsEverySecond) {
  ProcessTable table;
  table.Refresh({7}, kStart);
  EXPECT_EQ(Looks(table, 7, Found::kVfio, kStart, kStart + seconds(20)), 20);
}

TEST(ProcessTable, NeverLooksAtKernelThreadsAgain) {
  ProcessTable table;
  table.Refresh({2}, kStart);
  EXPECT_EQ(Looks(table, 2, Found::kKernelThread, kStart,
                  kStart + std::chrono::minutes(10)),
            1);
}

TEST(ProcessTable, SpendsAHundredthOfTheTimeAtMost) {
  ProcessTable table;
  table.Refresh({}, kStart);
  table.Refresh({7}, kStart);
  EXPECT_LE(Looks(table, 7, Found::kNothing, kStart, kStart + seconds(10),
                  milliseconds(20)),
            5);
}

TEST(ProcessTable, ForgetsWhatHasGone) {
  ProcessTable table;
  table.Refresh({2}, kStart);
  table.Looked(2, Found::kKernelThread, {}, kStart);
  table.Refresh({}, kStart);
  table.Refresh({2}, kStart);
  EXPECT_EQ(table.NextDue(kStart), 2);
}

TEST(ProcessTable, LooksSoonWhereAsked) {
  ProcessTable table;
  table.Refresh({7}, kStart);
  table.Looked(7, Found::kVfio, {}, kStart);
  EXPECT_EQ(table.NextDue(kStart), std::nullopt);
  table.LookSoon(7, kStart);
  EXPECT_EQ(table.NextDue(kStart), 7);
  table.Clear();
  EXPECT_EQ(table.NextDue(kStart), std::nullopt);
}

}  // namespace
}  // namespace oriel::capture
