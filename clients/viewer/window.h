#pragma once

#include <SDL2/SDL.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "clients/viewer/screen.h"
#include "clients/viewer/text_painter.h"

namespace oriel::clients {

// The viewer's window: shows a screen, scaled, until it is closed. Thread-bound
// to the thread that made it.
class Window {
 public:
  // SDL's video must be started. `screen` outlives the window; its wake has to
  // call Wake. kUnavailable: no window can be opened, with SDL's reason.
  static absl::StatusOr<std::unique_ptr<Window>> Open(Screen& screen,
                                                      bool fullscreen);

  // Makes Run look at the screen. Any thread.
  static void Wake();

  // Returns when the user has closed the window or the screen's status is
  // over.
  void Run();

 private:
  struct WindowDeleter {
    void operator()(SDL_Window* window) const { SDL_DestroyWindow(window); }
  };
  struct RendererDeleter {
    void operator()(SDL_Renderer* renderer) const {
      SDL_DestroyRenderer(renderer);
    }
  };
  struct TextureDeleter {
    void operator()(SDL_Texture* texture) const { SDL_DestroyTexture(texture); }
  };

  Window(Screen& screen, SDL_Window* window, SDL_Renderer* renderer);

  // False: the user wants to leave.
  bool OnEvent(const SDL_Event& event);
  bool OnKey(SDL_Keycode key);
  void TakeFromScreen();
  void MakeTexture(Size size);
  // The first picture gives the window its size, if that fits the desktop.
  void ResizeToPicture();
  void ToggleFullscreen();
  void TakePointer(const Pointer& pointer);
  void SetTitle();
  void Present();
  void DrawPointer(const Rect& picture_place, bool hard_edges);

  Screen& screen_;
  const std::unique_ptr<SDL_Window, WindowDeleter> window_;
  const std::unique_ptr<SDL_Renderer, RendererDeleter> renderer_;
  // After the renderer: goes before it.
  std::unique_ptr<SDL_Texture, TextureDeleter> texture_;
  std::unique_ptr<SDL_Texture, TextureDeleter> pointer_texture_;
  Pointer pointer_;
  TextPainter text_;
  Size picture_;
  bool had_picture_ = false;
  ScreenStatus status_;
};

}  // namespace oriel::clients
