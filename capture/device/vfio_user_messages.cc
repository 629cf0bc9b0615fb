#include "capture/device/vfio_user_messages.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/abi/vfio.h"

namespace oriel::capture::vfio_user {
namespace {

namespace abi_vu = abi::vfio_user;

absl::Status Broken(const std::string& message, const std::string& why) {
  return absl::InvalidArgumentError(
      absl::StrFormat("vfio-user %s: %s", message, why));
}

// The start of `payload` as a T.
template <typename T>
absl::StatusOr<T> Load(const char* message, std::span<const uint8_t> payload,
                       size_t needed = sizeof(T)) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (payload.size() < needed) {
    return Broken(message, absl::StrFormat("%d bytes, but at least %d belong "
                                           "to it",
                                           payload.size(), needed));
  }
  T value{};
  std::memcpy(&value, payload.data(), std::min(sizeof(T), payload.size()));
  return value;
}

// The JSON's "capabilities", or an empty object where there is none.
absl::StatusOr<nlohmann::json> ParseCapabilities(
    std::span<const uint8_t> text) {
  if (text.empty()) return nlohmann::json::object();
  const auto end = std::find(text.begin(), text.end(), uint8_t{0});
  if (end == text.end())
    return Broken("VERSION", "its JSON does not end with a zero byte");
  nlohmann::json document =
      nlohmann::json::parse(text.begin(), end, nullptr, false);
  if (document.is_discarded() || !document.is_object())
    return Broken("VERSION", "what follows the version is no JSON object");
  const auto found = document.find("capabilities");
  if (found == document.end()) return nlohmann::json::object();
  if (!found->is_object())
    return Broken("VERSION", "its \"capabilities\" are no JSON object");
  // Moved: a copy calls itself for each level of what the peer nested.
  return std::move(*found);
}

absl::Status ReadCapabilities(const nlohmann::json& capabilities,
                              PeerLimits& limits) {
  const auto size = capabilities.find("max_data_xfer_size");
  if (size != capabilities.end()) {
    if (!size->is_number_unsigned() || size->get<uint64_t>() == 0)
      return Broken("VERSION", "max_data_xfer_size is no positive number");
    limits.max_data_bytes = static_cast<uint32_t>(std::min<uint64_t>(
        size->get<uint64_t>(), abi_vu::kDefaultMaxDataTransferBytes));
  }
  const auto plane_query = capabilities.find(abi_vu::kPlaneQueryCapability);
  limits.has_plane_query = plane_query != capabilities.end() &&
                           plane_query->is_boolean() &&
                           plane_query->get<bool>();
  return absl::OkStatus();
}

// The reply repeats what was asked for; the count may differ.
absl::StatusOr<RegionAccess> LoadAccess(const char* message,
                                        std::span<const uint8_t> payload,
                                        const RegionAccess& asked) {
  ASSIGN_OR_RETURN(const auto reply, Load<RegionAccess>(message, payload));
  if (reply.offset != asked.offset || reply.region != asked.region) {
    return Broken(message, absl::StrFormat("the reply is about region %d at "
                                           "%#x, asked was region %d at %#x",
                                           reply.region, reply.offset,
                                           asked.region, asked.offset));
  }
  return reply;
}

}  // namespace

absl::StatusOr<Header> ParseHeader(std::span<const uint8_t> bytes,
                                   size_t max_reply_payload) {
  ASSIGN_OR_RETURN(const auto header, Load<Header>("header", bytes));
  const uint32_t type = header.flags & abi_vu::kTypeMask;
  if (type != abi_vu::kTypeCommand && type != abi_vu::kTypeReply)
    return Broken("header",
                  absl::StrFormat("message type %d is unknown", type));
  if (header.message_size < sizeof(Header)) {
    return Broken("header", absl::StrFormat("a message of %d bytes is shorter "
                                            "than its header",
                                            header.message_size));
  }
  const size_t most = IsReply(header) ? sizeof(Header) + max_reply_payload
                                      : size_t{abi_vu::kMaxMessageBytes};
  if (header.message_size > most) {
    return Broken("header",
                  absl::StrFormat("a message of %d bytes, where at "
                                  "most %d are allowed (command %d)",
                                  header.message_size, most, header.command));
  }
  return header;
}

std::vector<uint8_t> VersionRequest() {
  const nlohmann::json document = {
      {"capabilities",
       {{"max_msg_fds", 1},
        {"max_data_xfer_size", abi_vu::kDefaultMaxDataTransferBytes},
        {abi_vu::kPlaneQueryCapability, true}}}};
  std::vector<uint8_t> payload =
      BytesOf(abi_vu::Version{abi_vu::kMajorVersion, abi_vu::kMinorVersion});
  const std::string text = document.dump();
  payload.insert(payload.end(), text.begin(), text.end());
  payload.push_back(0);
  return payload;
}

absl::StatusOr<PeerLimits> ParseVersionReply(std::span<const uint8_t> payload) {
  ASSIGN_OR_RETURN(const auto version,
                   Load<abi_vu::Version>("VERSION", payload));
  if (version.major != abi_vu::kMajorVersion ||
      version.minor > abi_vu::kMinorVersion) {
    return Broken("VERSION", absl::StrFormat("the peer chose %d.%d, offered "
                                             "was %d.%d",
                                             version.major, version.minor,
                                             abi_vu::kMajorVersion,
                                             abi_vu::kMinorVersion));
  }
  PeerLimits limits;
  limits.minor_version = version.minor;
  ASSIGN_OR_RETURN(const nlohmann::json capabilities,
                   ParseCapabilities(payload.subspan(sizeof(version))));
  RETURN_IF_ERROR(ReadCapabilities(capabilities, limits));
  return limits;
}

absl::StatusOr<DeviceInfo> ParseDeviceInfoReply(
    std::span<const uint8_t> payload) {
  ASSIGN_OR_RETURN(const auto info,
                   Load<abi_vu::DeviceInfo>("DEVICE_GET_INFO", payload));
  return DeviceInfo{info.flags, info.num_regions, info.num_irqs};
}

absl::StatusOr<vfio_region_info> ParseRegionInfoReply(
    std::span<const uint8_t> payload, uint32_t index, std::span<uint8_t> out) {
  constexpr char kMessage[] = "DEVICE_GET_REGION_INFO";
  ASSIGN_OR_RETURN(const auto info, Load<vfio_region_info>(kMessage, payload));
  if (payload.size() > out.size()) {
    return Broken(kMessage, absl::StrFormat("%d bytes where %d were asked for",
                                            payload.size(), out.size()));
  }
  if (info.argsz <= out.size() && payload.size() < info.argsz) {
    return Broken(kMessage, absl::StrFormat("it claims %d bytes and has %d",
                                            info.argsz, payload.size()));
  }
  if (info.index != index) {
    return Broken(kMessage, absl::StrFormat("the reply is about region %d, "
                                            "asked was %d",
                                            info.index, index));
  }
  std::fill(out.begin(), out.end(), uint8_t{0});
  std::copy(payload.begin(), payload.end(), out.begin());
  return info;
}

absl::StatusOr<size_t> ParseReadReply(std::span<const uint8_t> payload,
                                      const RegionAccess& asked,
                                      std::span<uint8_t> out) {
  constexpr char kMessage[] = "REGION_READ";
  ASSIGN_OR_RETURN(const RegionAccess reply,
                   LoadAccess(kMessage, payload, asked));
  const std::span<const uint8_t> data = payload.subspan(sizeof(RegionAccess));
  if (reply.count != data.size() || reply.count > asked.count ||
      reply.count > out.size()) {
    return Broken(kMessage,
                  absl::StrFormat("it claims %d bytes and has %d, "
                                  "asked were %d",
                                  reply.count, data.size(), asked.count));
  }
  std::copy(data.begin(), data.end(), out.begin());
  return data.size();
}

absl::Status ParseWriteReply(std::span<const uint8_t> payload,
                             const RegionAccess& asked) {
  constexpr char kMessage[] = "REGION_WRITE";
  ASSIGN_OR_RETURN(const RegionAccess reply,
                   LoadAccess(kMessage, payload, asked));
  if (reply.count != asked.count) {
    return Broken(kMessage, absl::StrFormat("%d of %d bytes were written",
                                            reply.count, asked.count));
  }
  return absl::OkStatus();
}

absl::StatusOr<vfio_device_gfx_plane_info> ParsePlaneReply(
    std::span<const uint8_t> payload) {
  return Load<vfio_device_gfx_plane_info>("QUERY_GFX_PLANE", payload,
                                          abi::kPlaneInfoMinBytes);
}

}  // namespace oriel::capture::vfio_user
