#include "toml_shift.h"

#include <algorithm>
#include <cstdint>

namespace epnet {
namespace {

/* U+F0000..U+FFFFF are the four bytes F3 B0..BF 80..BF 80..BF. */
constexpr char32_t private_plane = 0xF0000;

std::uint8_t byte_at(std::string_view text, std::size_t at) {
    return at < text.size() ? static_cast<std::uint8_t>(text[at]) : 0;
}

bool is_private(std::string_view text, std::size_t at) {
    return byte_at(text, at) == 0xF3 && byte_at(text, at + 1) >= 0xB0;
}

/* Bytes of the character at `at` if it is well formed and has two or three, else 0. */
std::size_t movable_size(std::string_view text, std::size_t at) {
    std::uint8_t first = byte_at(text, at), second = byte_at(text, at + 1);
    auto continues = [](std::uint8_t byte) { return (byte & 0xC0) == 0x80; };
    if (first >= 0xC2 && first <= 0xDF && continues(second))
        return 2;
    bool shortest = first != 0xE0 || second >= 0xA0, surrogate = first == 0xED && second >= 0xA0;
    bool three = (first & 0xF0) == 0xE0 && continues(second) && continues(byte_at(text, at + 2));
    return three && shortest && !surrogate ? 3 : 0;
}

/* The character of `size` bytes at `at`. */
char32_t decode(std::string_view text, std::size_t at, std::size_t size) {
    static constexpr std::uint8_t lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    char32_t character = byte_at(text, at) & lead_bits[size];
    for (std::size_t k = 1; k < size; k++)
        character = character << 6 | (byte_at(text, at + k) & 0x3F);
    return character;
}

/* Append a character beyond ASCII. */
void encode(char32_t character, std::string &text) {
    int size = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static constexpr std::uint8_t leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    text += static_cast<char>(leads[size] | character >> 6 * (size - 1));
    for (int k = size - 2; k >= 0; k--)
        text += static_cast<char>(0x80 | (character >> 6 * k & 0x3F));
}

} // namespace

std::size_t find_private_character(const std::string &text) {
    for (std::size_t at = 0; at < text.size(); at++) {
        if (is_private(text, at))
            return at;
    }
    return std::min(text.find("\\U000F"), text.find("\\U000f")); /* as an escape in a string */
}

std::string shift_characters(const std::string &text) {
    std::string moved;
    moved.reserve(text.size());
    for (std::size_t at = text.rfind("\xEF\xBB\xBF", 0) == 0 ? 3 : 0; at < text.size();) {
        std::size_t size = movable_size(text, at);
        if (size > 0)
            encode(private_plane + decode(text, at, size), moved);
        else
            moved += text[at];
        at += size > 0 ? size : 1;
    }
    return moved;
}

std::string unshift_characters(std::string_view text) {
    std::string back;
    back.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        bool moved = is_private(text, at);
        if (moved)
            encode(decode(text, at, 4) - private_plane, back);
        else
            back += text[at];
        at += moved ? 4 : 1;
    }
    return back;
}

} // namespace epnet
