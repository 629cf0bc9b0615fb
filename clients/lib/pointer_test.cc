#include "clients/lib/pointer.h"

#include <string>

#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

v1::Cursor At(int32_t x_px, int32_t y_px) {
  v1::Cursor cursor;
  cursor.set_visible(true);
  cursor.set_x_px(x_px);
  cursor.set_y_px(y_px);
  return cursor;
}

v1::Cursor WithShape(uint32_t width_px, uint32_t height_px) {
  v1::Cursor cursor = At(-2, 7);
  cursor.set_hot_x_px(1);
  cursor.set_hot_y_px(0);
  cursor.set_width_px(width_px);
  cursor.set_height_px(height_px);
  return cursor;
}

TEST(PointerTest, IsNowhereAtFirst) {
  EXPECT_FALSE(Pointer().visible());
  EXPECT_EQ(Pointer().shape(), nullptr);
}

TEST(PointerTest, KeepsItsShapeWhereverItGoes) {
  Pointer pointer;
  ASSERT_TRUE(pointer.Apply(WithShape(1, 2), "abcdefgh").ok());
  EXPECT_EQ(pointer.at(), (Point{-2, 7}));
  EXPECT_EQ(pointer.hot_spot(), (Point{1, 0}));
  ASSERT_NE(pointer.shape(), nullptr);
  EXPECT_EQ(pointer.shape()->size(), (Size{1, 2}));
  EXPECT_EQ(pointer.shape()->At(0, 1)[3], 'h');
  const auto shape = pointer.shape();
  ASSERT_TRUE(pointer.Apply(At(5, 6), "").ok());
  EXPECT_EQ(pointer.at(), (Point{5, 6}));
  EXPECT_FALSE(pointer.hot_spot().has_value());
  EXPECT_EQ(pointer.shape(), shape);
  ASSERT_TRUE(pointer.Apply(v1::Cursor(), "").ok());
  EXPECT_FALSE(pointer.visible());
  EXPECT_EQ(pointer.shape(), nullptr);
  ASSERT_TRUE(pointer.Apply(At(5, 6), "").ok());
  EXPECT_EQ(pointer.shape(), shape);
}

TEST(PointerTest, UnknownShapeIsNotDrawn) {
  Pointer pointer;
  ASSERT_TRUE(pointer.Apply(WithShape(1, 1), "abcd").ok());
  v1::Cursor unknown = At(1, 1);
  unknown.set_shape_unknown(true);
  ASSERT_TRUE(pointer.Apply(unknown, "").ok());
  EXPECT_TRUE(pointer.visible());
  EXPECT_EQ(pointer.shape(), nullptr);
  ASSERT_TRUE(pointer.Apply(At(1, 2), "").ok());
  EXPECT_NE(pointer.shape(), nullptr);
}

TEST(PointerTest, BrokenEventsAreRefusedAndChangeNothing) {
  Pointer pointer;
  EXPECT_TRUE(absl::IsInvalidArgument(pointer.Apply(At(0, 0), "")));
  ASSERT_TRUE(pointer.Apply(WithShape(1, 1), "abcd").ok());
  const Pointer before = pointer;
  for (const auto& [width, height, bytes] :
       {std::tuple<uint32_t, uint32_t, size_t>{1, 1, 3},
        {0, 0, 4},
        {1, 0, 0},
        {513, 1, 2052},
        {0x80000000, 2, 0},
        {0xFFFFFFFF, 0xFFFFFFFF, 4}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        pointer.Apply(WithShape(width, height), std::string(bytes, 'x'))))
        << width << "x" << height;
    EXPECT_EQ(pointer, before);
  }
}

}  // namespace
}  // namespace oriel::clients
