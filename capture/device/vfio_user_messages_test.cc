#include "capture/device/vfio_user_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace oriel::capture::vfio_user {
namespace {

namespace abi_vu = abi::vfio_user;
using ::testing::HasSubstr;

std::vector<uint8_t> VersionReply(uint16_t major, uint16_t minor,
                                  const std::string& text) {
  const abi_vu::Version version{major, minor};
  std::vector<uint8_t> payload(sizeof(version) + text.size());
  std::memcpy(payload.data(), &version, sizeof(version));
  std::memcpy(payload.data() + sizeof(version), text.data(), text.size());
  return payload;
}

// With the zero byte that ends it.
std::vector<uint8_t> VersionJson(std::string json) {
  return VersionReply(0, 1, json.append(1, '\0'));
}

Header HeaderOf(uint32_t size, uint32_t flags) {
  return {.message_id = 1,
          .command = 4,
          .message_size = size,
          .flags = flags,
          .error_number = 0};
}

TEST(ParseHeaderTest, RefusesSizesBelowTheHeaderAndAboveTheLimit) {
  const auto parse = [](uint32_t size, uint32_t flags) {
    return ParseHeader(BytesOf(HeaderOf(size, flags)), 32).status();
  };
  EXPECT_TRUE(parse(16, abi_vu::kTypeReply).ok());
  EXPECT_TRUE(parse(48, abi_vu::kTypeReply).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(parse(0, abi_vu::kTypeReply)));
  EXPECT_TRUE(absl::IsInvalidArgument(parse(15, abi_vu::kTypeReply)));
  EXPECT_TRUE(absl::IsInvalidArgument(parse(49, abi_vu::kTypeReply)));
  EXPECT_TRUE(absl::IsInvalidArgument(parse(~0u, abi_vu::kTypeReply)));
  EXPECT_TRUE(parse(abi_vu::kMaxMessageBytes, abi_vu::kTypeCommand).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(
      parse(abi_vu::kMaxMessageBytes + 1, abi_vu::kTypeCommand)));
}

TEST(ParseHeaderTest, RefusesUnknownTypesAndShortHeaders) {
  for (uint32_t type = 2; type < 16; ++type) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        ParseHeader(BytesOf(HeaderOf(16, type)), 32).status()));
  }
  const std::vector<uint8_t> bytes = BytesOf(HeaderOf(16, 1));
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(ParseHeader(std::span(bytes).first(size), 32).ok());
}

TEST(VersionTest, RequestOffersThePlaneQueryAsJson) {
  const std::vector<uint8_t> request = VersionRequest();
  ASSERT_EQ(request.back(), 0);
  const std::string text(request.begin() + sizeof(abi_vu::Version),
                         request.end() - 1);
  EXPECT_THAT(text, HasSubstr(R"("oriel_query_gfx_plane":true)"));
  EXPECT_THAT(text, HasSubstr(R"("max_msg_fds":1)"));
  EXPECT_THAT(text, HasSubstr(R"("max_data_xfer_size":1048576)"));
}

TEST(VersionTest, JsonMayBeAbsent) {
  const auto limits = ParseVersionReply(VersionReply(0, 0, ""));
  ASSERT_TRUE(limits.ok()) << limits.status();
  EXPECT_EQ(limits->max_data_bytes, abi_vu::kDefaultMaxDataTransferBytes);
  EXPECT_FALSE(limits->has_plane_query);
  EXPECT_TRUE(ParseVersionReply(VersionJson("{}")).ok());
}

TEST(VersionTest, CapabilitiesAreRead) {
  const auto limits = ParseVersionReply(VersionJson(
      R"({"capabilities":{"max_msg_fds":8,"max_data_xfer_size":4096,)"
      R"("oriel_query_gfx_plane":true,"twin_socket":{"supported":false}}})"));
  ASSERT_TRUE(limits.ok()) << limits.status();
  EXPECT_EQ(limits->max_data_bytes, 4096u);
  EXPECT_TRUE(limits->has_plane_query);
}

TEST(VersionTest, DeeplyNestedCapabilitiesNeedNoDeepStack) {
  constexpr size_t kDepth = 200'000;
  const std::string json = R"({"capabilities":{"x":)" +
                           std::string(kDepth, '[') + std::string(kDepth, ']') +
                           "}}";
  EXPECT_TRUE(ParseVersionReply(VersionJson(json)).ok());
}

TEST(VersionTest, LargerTransfersThanOursAreNotUsed) {
  const auto limits = ParseVersionReply(VersionJson(
      R"({"capabilities":{"max_data_xfer_size":18446744073709551615}})"));
  ASSERT_TRUE(limits.ok()) << limits.status();
  EXPECT_EQ(limits->max_data_bytes, abi_vu::kDefaultMaxDataTransferBytes);
}

TEST(VersionTest, OtherVersionsAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(
      ParseVersionReply(VersionReply(1, 0, "")).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      ParseVersionReply(VersionReply(0, 2, "")).status()));
}

TEST(VersionTest, BrokenJsonIsRefused) {
  const std::vector<std::string> broken = {
      "{",
      "[]",
      "7",
      "\xff\xfe",
      R"({"capabilities":[]})",
      R"({"capabilities":{"max_data_xfer_size":0}})",
      R"({"capabilities":{"max_data_xfer_size":-1}})",
      R"({"capabilities":{"max_data_xfer_size":"1"}})",
      R"({"capabilities":{"max_data_xfer_size":1e99999}})",
      std::string(10000, '['),
  };
  for (const std::string& json : broken) {
    EXPECT_TRUE(
        absl::IsInvalidArgument(ParseVersionReply(VersionJson(json)).status()))
        << json.substr(0, 60);
  }
  EXPECT_TRUE(absl::IsInvalidArgument(
      ParseVersionReply(VersionReply(0, 1, "{}")).status()))
      << "does not end with a zero byte";
  EXPECT_FALSE(ParseVersionReply(std::vector<uint8_t>(3)).ok());
}

TEST(VersionTest, PlaneQueryMustBeTrueAndNothingElse) {
  for (const std::string value : {"1", "\"true\"", "false", "null", "{}"}) {
    const auto limits = ParseVersionReply(VersionJson(
        R"({"capabilities":{"oriel_query_gfx_plane":)" + value + "}}"));
    ASSERT_TRUE(limits.ok()) << limits.status();
    EXPECT_FALSE(limits->has_plane_query) << value;
  }
}

TEST(RegionInfoReplyTest, RefusesWhatIsLargerThanAskedOrShorterThanClaimed) {
  vfio_region_info info{};
  info.argsz = 48;
  info.index = 3;
  std::vector<uint8_t> payload = BytesOf(info);
  std::vector<uint8_t> out(32, 0xAA);
  EXPECT_TRUE(ParseRegionInfoReply(payload, 3, out).ok())
      << "more is needed than was asked for";
  out.assign(48, 0xAA);
  EXPECT_FALSE(ParseRegionInfoReply(payload, 3, out).ok());
  payload.resize(48);
  ASSERT_TRUE(ParseRegionInfoReply(payload, 3, out).ok());
  EXPECT_EQ(out, payload);
  EXPECT_FALSE(ParseRegionInfoReply(payload, 2, out).ok()) << "other region";
  payload.resize(49);
  EXPECT_FALSE(ParseRegionInfoReply(payload, 3, out).ok());
  payload.resize(31);
  EXPECT_FALSE(ParseRegionInfoReply(payload, 3, out).ok());
}

TEST(RegionInfoReplyTest, WhatTheReplyLacksIsZero) {
  vfio_region_info info{};
  info.argsz = 32;
  std::vector<uint8_t> out(64, 0xAA);
  ASSERT_TRUE(ParseRegionInfoReply(BytesOf(info), 0, out).ok());
  EXPECT_EQ(std::vector<uint8_t>(out.begin() + 32, out.end()),
            std::vector<uint8_t>(32));
}

TEST(ReadReplyTest, DataMustBeAsLongAsItsCount) {
  const RegionAccess asked{.offset = 8, .region = 2, .count = 4};
  const auto reply = [](RegionAccess access, size_t data_bytes) {
    std::vector<uint8_t> payload = BytesOf(access);
    payload.resize(payload.size() + data_bytes, 7);
    return payload;
  };
  std::vector<uint8_t> out(4);
  const auto whole = ParseReadReply(reply(asked, 4), asked, out);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ(*whole, 4u);
  EXPECT_EQ(out, std::vector<uint8_t>(4, 7));
  EXPECT_TRUE(ParseReadReply(reply({8, 2, 1}, 1), asked, out).ok());
  EXPECT_TRUE(ParseReadReply(reply({8, 2, 0}, 0), asked, out).ok());
  EXPECT_FALSE(ParseReadReply(reply({8, 2, 4}, 3), asked, out).ok());
  EXPECT_FALSE(ParseReadReply(reply({8, 2, 3}, 4), asked, out).ok());
  EXPECT_FALSE(ParseReadReply(reply({8, 2, 5}, 5), asked, out).ok());
  EXPECT_FALSE(ParseReadReply(reply({9, 2, 4}, 4), asked, out).ok());
  EXPECT_FALSE(ParseReadReply(reply({8, 1, 4}, 4), asked, out).ok());
}

TEST(WriteReplyTest, AllMustHaveBeenWritten) {
  const RegionAccess asked{.offset = 8, .region = 2, .count = 4};
  EXPECT_TRUE(ParseWriteReply(BytesOf(asked), asked).ok());
  EXPECT_FALSE(ParseWriteReply(BytesOf(RegionAccess{8, 2, 3}), asked).ok());
  EXPECT_FALSE(ParseWriteReply(BytesOf(RegionAccess{0, 2, 4}), asked).ok());
  EXPECT_FALSE(ParseWriteReply({}, asked).ok());
}

TEST(PlaneReplyTest, TrailingPaddingIsOptional) {
  vfio_device_gfx_plane_info plane{};
  plane.region_index = 16;
  std::vector<uint8_t> payload = BytesOf(plane);
  payload.resize(60);
  const auto parsed = ParsePlaneReply(payload);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->region_index, 16u);
  payload.resize(59);
  EXPECT_FALSE(ParsePlaneReply(payload).ok());
}

TEST(DeviceInfoReplyTest, ShortReplyIsRefused) {
  std::vector<uint8_t> payload =
      BytesOf(abi_vu::DeviceInfo{.argsz = 16, .num_regions = 9});
  const auto info = ParseDeviceInfoReply(payload);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->region_count, 9u);
  payload.pop_back();
  EXPECT_FALSE(ParseDeviceInfoReply(payload).ok());
}

}  // namespace
}  // namespace oriel::capture::vfio_user
