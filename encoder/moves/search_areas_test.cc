#include "encoder/moves/search_areas.h"

#include <gtest/gtest.h>

namespace oriel::encoder {
namespace {

constexpr Size kSize = {1920, 1080};
constexpr Rect kFilm = {256, 128, 640, 360};

int64_t AreaPx(const std::vector<Rect>& rects) {
  int64_t sum = 0;
  for (const Rect& rect : rects) sum += rect.AreaPx();
  return sum;
}

TEST(SearchAreasTest, WhatChangedIsSearched) {
  SearchAreas areas;
  EXPECT_EQ(AreaPx(areas.Choose(kSize, {kFilm})), kFilm.AreaPx());
  EXPECT_TRUE(areas.Choose(kSize, {}).empty());
}

TEST(SearchAreasTest, AreasInVainAreSearchedEverMoreRarely) {
  SearchAreas areas;
  int searches = 0;
  for (int update = 0; update < 100; ++update) {
    if (areas.Choose(kSize, {kFilm}).empty()) continue;
    ++searches;
    areas.Learn();
  }
  EXPECT_GT(searches, 100 / (SearchAreas::kMaxPatience + 1));
  EXPECT_LT(searches, 100 / 4);
}

TEST(SearchAreasTest, AScrollBesideAFilmIsSearchedAtOnce) {
  SearchAreas areas;
  for (int update = 0; update < 50; ++update) {
    areas.Choose(kSize, {kFilm});
    areas.Learn();
  }
  const Rect beside = {1024, 128, 512, 256};
  int beside_only = 0;
  for (int update = 0; update < 8; ++update) {
    const int64_t area_px = AreaPx(areas.Choose(kSize, {kFilm, beside}));
    EXPECT_GE(area_px, beside.AreaPx());
    if (area_px == beside.AreaPx()) ++beside_only;
    areas.Found(beside);
    areas.Learn();
  }
  EXPECT_GE(beside_only, 6);
}

TEST(SearchAreasTest, ASuccessEndsThePatience) {
  SearchAreas areas;
  for (int update = 0; update < 50; ++update) {
    areas.Choose(kSize, {kFilm});
    areas.Learn();
  }
  int waited = 0;
  while (areas.Choose(kSize, {kFilm}).empty()) ++waited;
  EXPECT_LE(waited, SearchAreas::kMaxPatience);
  areas.Found(kFilm);
  areas.Learn();
  EXPECT_FALSE(areas.Choose(kSize, {kFilm}).empty());
}

TEST(SearchAreasTest, AnotherPictureSizeBeginsAgain) {
  SearchAreas areas;
  for (int update = 0; update < 50; ++update) {
    areas.Choose(kSize, {kFilm});
    areas.Learn();
  }
  EXPECT_EQ(AreaPx(areas.Choose({100, 100}, {{90, 90, 10, 10}})), 100);
}

}  // namespace
}  // namespace oriel::encoder
