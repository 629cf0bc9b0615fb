#include "clients/viewer/keys.h"

namespace oriel::clients {
namespace {

// As mpv has them, and F11 and F1 as everywhere.
constexpr struct {
  SDL_Keycode key;
  KeyAction action;
} kBindings[] = {
    {SDLK_f, KeyAction::kToggleFullscreen},
    {SDLK_F11, KeyAction::kToggleFullscreen},
    {SDLK_ESCAPE, KeyAction::kLeaveFullscreen},
    {SDLK_1, KeyAction::kOwnSize},
    {SDLK_h, KeyAction::kToggleKeys},
    {SDLK_F1, KeyAction::kToggleKeys},
    {SDLK_q, KeyAction::kQuit},
};

constexpr struct {
  const char* keys;
  const char* effect;
} kDescriptions[] = {
    {"f or F11", "full screen and back"},
    {"Esc", "leaves full screen"},
    {"1", "shows the picture in its own size"},
    {"h or F1", "shows these keys, or hides them"},
    {"q", "closes the viewer"},
};

}  // namespace

KeyAction ActionOf(SDL_Keycode key) {
  for (const auto& binding : kBindings) {
    if (binding.key == key) return binding.action;
  }
  return KeyAction::kNone;
}

bool IsModifier(SDL_Keycode key) {
  switch (key) {
    case SDLK_LSHIFT:
    case SDLK_RSHIFT:
    case SDLK_LCTRL:
    case SDLK_RCTRL:
    case SDLK_LALT:
    case SDLK_RALT:
    case SDLK_LGUI:
    case SDLK_RGUI:
    case SDLK_MODE:
    case SDLK_CAPSLOCK:
    case SDLK_NUMLOCKCLEAR:
      return true;
    default:
      return false;
  }
}

std::string DescribeKeys(const std::string& indent) {
  std::string text;
  for (const auto& [keys, effect] : kDescriptions) {
    text += (text.empty() ? "" : "\n") + indent + keys + ": " + effect;
  }
  return text;
}

}  // namespace oriel::clients
