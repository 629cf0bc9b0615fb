#pragma once

#include <linux/vfio.h>

#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/unique_fd.h"
#include "capture/abi/vfio_user.h"

namespace oriel::capture::sim {

// A vfio-user client for tests that sends whatever it is told. Blocking, with
// ten seconds for each answer. Thread-compatible.
class TestClient {
 public:
  struct Answer {
    bool arrived = false;  // false: the server closed, or ten seconds went by
    abi::vfio_user::Header header{};
    std::vector<uint8_t> payload;
    UniqueFd fd;

    uint32_t error() const { return header.error_number; }
    // The payload's start; zeros beyond it.
    template <typename T>
    T As(size_t offset = 0) const {
      T value{};
      CopyTo(&value, sizeof(value), offset);
      return value;
    }

   private:
    void CopyTo(void* out, size_t size_bytes, size_t offset) const;
  };

  explicit TestClient(UniqueFd socket);

  Answer Call(abi::vfio_user::Command command,
              std::span<const uint8_t> payload);
  template <typename T>
  requires std::is_trivially_copyable_v<T> Answer
  Call(abi::vfio_user::Command command, const T& value) {
    return Call(command, std::span(reinterpret_cast<const uint8_t*>(&value),
                                   sizeof(value)));
  }
  // VERSION with this JSON, empty for none; 0.1.
  Answer Negotiate(const std::string& json);
  // ... naming the plane query, as orield does.
  Answer Negotiate();
  Answer GetRegionInfo(uint32_t index, uint32_t argsz);
  Answer Read(uint32_t region, uint64_t offset, uint32_t count);
  Answer Write(uint32_t region, uint64_t offset,
               std::span<const uint8_t> bytes);
  Answer WriteWord(uint32_t region, uint64_t offset, uint32_t value);
  Answer QueryPlane(uint32_t flags, uint32_t plane_type = 1);

  bool SendRaw(std::span<const uint8_t> bytes);
  bool SendFd(int fd);
  Answer Receive();
  // Whether the server closes the connection within ten seconds.
  bool IsDropped();
  static std::vector<uint8_t> Message(abi::vfio_user::Command command,
                                      std::span<const uint8_t> payload);

 private:
  bool ReceiveAll(void* out, size_t size_bytes, UniqueFd* fd);

  UniqueFd socket_;
  uint16_t next_id_ = 1;
};

}  // namespace oriel::capture::sim
