#include "service/session/catch_up_cache.h"

#include <gtest/gtest.h>

#include <vector>

namespace oriel::session {
namespace {

CatchUpCache::Entry EntryOf(const Damage& part, size_t size_bytes) {
  auto entry = std::make_shared<encoder::EncodeResult>();
  entry->patches.push_back(
      {part.Bounds(), encoder::Lossless{},
       std::make_shared<const std::vector<uint8_t>>(size_bytes)});
  entry->done = part;
  return entry;
}

const Damage kTop(Rect{0, 0, 100, 32});
const Damage kBottom(Rect{0, 32, 100, 32});

TEST(CatchUpCacheTest, FindsWhatWasMadeOfExactlyThatPart) {
  CatchUpCache cache;
  const CatchUpCache::Entry entry = EntryOf(kTop, 10);
  cache.Store(kTop, entry);
  EXPECT_EQ(cache.Find(kTop), entry);
  EXPECT_EQ(cache.Find(kBottom), nullptr);
  EXPECT_EQ(cache.Find(Damage(Rect{0, 0, 100, 31})), nullptr);
}

TEST(CatchUpCacheTest, ForgetsWhatAChangeMeetsAndNothingElse) {
  CatchUpCache cache;
  cache.Store(kTop, EntryOf(kTop, 10));
  cache.Store(kBottom, EntryOf(kBottom, 10));
  cache.Invalidate(Damage(Rect{99, 31, 1, 1}));
  EXPECT_EQ(cache.Find(kTop), nullptr);
  EXPECT_NE(cache.Find(kBottom), nullptr);
}

TEST(CatchUpCacheTest, TheOldestGoWhenBytesOrEntriesRunOut) {
  CatchUpCache by_bytes(/*max_bytes=*/100, /*max_entries=*/10);
  by_bytes.Store(kTop, EntryOf(kTop, 60));
  by_bytes.Store(kBottom, EntryOf(kBottom, 60));
  EXPECT_EQ(by_bytes.Find(kTop), nullptr);
  EXPECT_NE(by_bytes.Find(kBottom), nullptr);

  CatchUpCache by_entries(/*max_bytes=*/100, /*max_entries=*/1);
  by_entries.Store(kTop, EntryOf(kTop, 1));
  by_entries.Store(kBottom, EntryOf(kBottom, 1));
  EXPECT_EQ(by_entries.Find(kTop), nullptr);
  EXPECT_NE(by_entries.Find(kBottom), nullptr);
}

TEST(CatchUpCacheTest, ForgottenBytesMakeRoom) {
  CatchUpCache cache(/*max_bytes=*/100, /*max_entries=*/10);
  cache.Store(kTop, EntryOf(kTop, 60));
  cache.Invalidate(kTop);
  cache.Store(kTop, EntryOf(kTop, 30));
  cache.Store(kBottom, EntryOf(kBottom, 60));
  EXPECT_NE(cache.Find(kTop), nullptr);
}

}  // namespace
}  // namespace oriel::session
