#include "clients/cli/quantities.h"

#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

TEST(QuantitiesTest, ReadsDurationsInEveryUnit) {
  const std::pair<const char*, int64_t> cases[] = {
      {"10s", 10'000},          {"10", 10'000},      {"1.5s", 1500},
      {"500ms", 500},           {"2m", 120'000},     {"2min", 120'000},
      {"1h", 3'600'000},        {"7d", 604'800'000}, {"366d", 31'622'400'000},
      {"8784h", 31'622'400'000}};
  for (const auto& [text, ms] : cases) {
    const auto duration = ParseDuration(text);
    ASSERT_TRUE(duration.ok()) << text << ": " << duration.status();
    EXPECT_EQ(duration->count(), ms) << text;
  }
}

TEST(QuantitiesTest, RefusesWhatIsNoDuration) {
  for (const char* text :
       {"", "s", "ten", "10 s", "10x", "-1s", "0", "nan", "inf", "1e3",
        "9999999h", "0.0001s", "366.1d", "1y"}) {
    EXPECT_EQ(ParseDuration(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(QuantitiesTest, WritesBytesForPeople) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1000), "1.0 kB");
  EXPECT_EQ(FormatBytes(999'949), "999.9 kB");
  EXPECT_EQ(FormatBytes(999'999), "1.0 MB");
  EXPECT_EQ(FormatBytes(12'345'678), "12.3 MB");
}

TEST(QuantitiesTest, WritesTimes) {
  using std::chrono::milliseconds;
  EXPECT_EQ(FormatClock(milliseconds(0)), "00:00:00.0");
  EXPECT_EQ(FormatClock(milliseconds(62'560)), "00:01:02.5");
  EXPECT_EQ(FormatClock(milliseconds(100 * 3'600'000LL)), "100:00:00.0");
  EXPECT_EQ(FormatClock(std::chrono::hours(366 * 24)), "8784:00:00.0");
  EXPECT_EQ(FormatMicroseconds(50), "0.05 ms");
  EXPECT_EQ(FormatMicroseconds(1234), "1.2 ms");
}

TEST(QuantitiesTest, MemoryIsInPowersOf1024) {
  EXPECT_EQ(FormatMemory(0), "0 B");
  EXPECT_EQ(FormatMemory(1023), "1023 B");
  EXPECT_EQ(FormatMemory(4096), "4 KiB");
  EXPECT_EQ(FormatMemory(4100), "4.0 KiB");
  EXPECT_EQ(FormatMemory(256 << 20), "256 MiB");
  EXPECT_EQ(FormatMemory(3ull << 29), "1.5 GiB");
  EXPECT_EQ(FormatMemory(UINT64_MAX), "16.0 EiB");
}

}  // namespace
}  // namespace oriel::clients
