#pragma once

#include <SDL2/SDL_keycode.h>

#include <string>

namespace oriel::clients {

// What a key of the viewer's window does.
enum class KeyAction {
  kNone,
  kToggleFullscreen,
  kLeaveFullscreen,
  kOwnSize,
  kToggleKeys,
  kQuit,
};

KeyAction ActionOf(SDL_Keycode key);

// A key that stands for nothing alone, such as Shift.
bool IsModifier(SDL_Keycode key);

// Every key with what it does, a line each, each line after `indent`.
std::string DescribeKeys(const std::string& indent);

}  // namespace oriel::clients
