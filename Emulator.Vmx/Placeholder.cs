namespace Emulator; internal static class Placeholder;
