#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>

#include "capture/borrow/messages.h"

// What is understood can be written, fits, and means the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  using oriel::capture::ParseBorrowMessage;
  const auto message = ParseBorrowMessage(
      std::string(reinterpret_cast<const char*>(data), size_bytes));
  if (!message.ok()) return 0;
  const auto* offer = std::get_if<oriel::capture::Offer>(&*message);
  if (offer != nullptr && !offer->fault.empty()) return 0;
  const std::string text = oriel::capture::EncodeBorrowMessage(*message);
  const auto again = ParseBorrowMessage(text);
  if (text.size() > oriel::capture::kMaxBorrowMessageBytes || !again.ok() ||
      *again != *message) {
    std::abort();
  }
  return 0;
}
