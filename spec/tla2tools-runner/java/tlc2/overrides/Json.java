package tlc2.overrides;

import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tlc2.value.impl.BoolValue;
import tlc2.value.impl.IntValue;
import tlc2.value.impl.RecordValue;
import tlc2.value.impl.StringValue;
import tlc2.value.impl.TupleValue;
import tlc2.value.impl.Value;
import util.UniqueString;

/** Reads JSON texts, one after another, into TLC values. Numbers are integers of 32 bits, as TLC's are. */
final class Json {
  private static final int END = -1;

  private final Reader in;
  private char[] buffer = new char[1 << 16];
  private int at;
  private int end;
  /** Of the text that is read: its line, and where that begins, counted from the buffer's first character. */
  private int line = 1;
  private int lineStart;
  /** The line in which the last text ended. */
  private int lastLine;
  private final Names names = new Names();
  private final Map<List<String>, Shape> shapes = new HashMap<>();
  private final StringBuilder escaped = new StringBuilder();

  Json(Reader in) {
    this.in = in;
  }

  /** The next text's value; null at the end. A line holds one text. */
  Value next() throws IOException {
    if (peek() == END) return null;
    if (line == lastLine) throw error("the end of the line");
    Value value = value();
    lastLine = line;
    return value;
  }

  /** Where it is, for people. */
  int line() {
    return line;
  }

  private IllegalArgumentException error(String expected) {
    return new IllegalArgumentException("column " + (at - lineStart + 1) + ": expected " + expected);
  }

  /** Makes room for more, keeping what begins at `from`. False at the end. */
  private boolean fill(int from) throws IOException {
    int kept = end - from;
    if (kept == buffer.length) buffer = Arrays.copyOf(buffer, 2 * kept);
    else System.arraycopy(buffer, from, buffer, 0, kept);
    at -= from;
    lineStart -= from;
    end = kept;
    int count = in.read(buffer, end, buffer.length - end);
    if (count > 0) end += count;
    return count > 0;
  }

  /** The next character that is no space; it is not taken. */
  private int peek() throws IOException {
    for (;;) {
      if (at == end && !fill(at)) return END;
      char c = buffer[at];
      if (c > ' ') return c;
      at++;
      if (c == '\n') {
        line++;
        lineStart = at;
      }
    }
  }

  private void take(char c) throws IOException {
    if (!takeIf(c)) throw error("'" + c + "'");
  }

  private boolean takeIf(char c) throws IOException {
    int found = peek();
    if (found == END) throw error("more");
    if (found != c) return false;
    at++;
    return true;
  }

  private Value word(String word, Value value) throws IOException {
    for (int i = 0; i < word.length(); i++) {
      if ((at == end && !fill(at)) || buffer[at] != word.charAt(i)) throw error(word);
      at++;
    }
    return value;
  }

  private Value value() throws IOException {
    switch (peek()) {
      case END: throw error("more");
      case '"': return name().value;
      case '[': return array();
      case '{': return object();
      case 't': return word("true", BoolValue.ValTrue);
      case 'f': return word("false", BoolValue.ValFalse);
      case 'n': return word("null", new StringValue("null"));
      default: return number();
    }
  }

  private Value array() throws IOException {
    take('[');
    List<Value> members = new ArrayList<>();
    if (!takeIf(']')) {
      do members.add(value()); while (takeIf(','));
      take(']');
    }
    return new TupleValue(members.toArray(new Value[0]));
  }

  private Value object() throws IOException {
    take('{');
    List<String> fields = new ArrayList<>();
    List<Value> values = new ArrayList<>();
    if (!takeIf('}')) {
      do {
        peek();
        String field = name().text;
        take(':');
        Value value = value();
        int known = fields.indexOf(field);
        if (known >= 0) {
          values.set(known, value);
        } else {
          fields.add(field);
          values.add(value);
        }
      } while (takeIf(','));
      take('}');
    }
    // An empty object and an empty array are the same in the canonical text, so they are the same here.
    if (fields.isEmpty()) return new TupleValue(new Value[0]);
    return record(fields, values);
  }

  /** The names of a record in the order in which TLC keeps them, and the place of each in the text. Records share them. */
  private static final class Shape {
    final UniqueString[] names;
    final int[] places;

    Shape(List<String> texts) {
      names = new UniqueString[texts.size()];
      for (int i = 0; i < names.length; i++) names[i] = UniqueString.uniqueStringOf(texts.get(i));
      Arrays.sort(names, UniqueString::compareTo);
      places = new int[names.length];
      for (int i = 0; i < names.length; i++) places[i] = texts.indexOf(names[i].toString());
    }
  }

  private Value record(List<String> fields, List<Value> values) {
    Shape shape = shapes.computeIfAbsent(fields, Shape::new);
    Value[] sorted = new Value[shape.places.length];
    for (int i = 0; i < sorted.length; i++) sorted[i] = values.get(shape.places[i]);
    return new RecordValue(shape.names, sorted, true);
  }

  private Value number() throws IOException {
    boolean negative = buffer[at] == '-';
    int length = negative ? 1 : 0;
    at += length;
    long number = 0;
    int digits = 0;
    for (; (at < end || fill(at - length)) && isDigit(buffer[at]) && number <= Integer.MAX_VALUE; at++) {
      number = 10 * number + buffer[at] - '0';
      digits++;
      length++;
    }
    if (negative) number = -number;
    if (digits > 0 && number == (int) number) return IntValue.gen((int) number);
    at -= length;
    throw error("a JSON value (numbers: 32-bit integers)");
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  /** A string, as one of those that were read before wherever it came before. */
  private Names.Name name() throws IOException {
    take('"');
    int length = 0;
    int hash = 0;
    for (;;) {
      if (at == end && !fill(at - length)) throw error("'\"'");
      char c = buffer[at];
      if (c == '"') break;
      if (c == '\\') return escapedName(length);
      hash = 31 * hash + c;
      length++;
      at++;
    }
    at++;
    return names.of(buffer, at - 1 - length, length, hash);
  }

  /** The rest of a string with escapes, of which `length` characters were read. */
  private Names.Name escapedName(int length) throws IOException {
    escaped.setLength(0);
    escaped.append(buffer, at - length, length);
    for (;;) {
      if (at == end && !fill(at)) throw error("'\"'");
      char c = buffer[at++];
      if (c == '"') break;
      escaped.append(c == '\\' ? escape() : c);
    }
    char[] text = escaped.toString().toCharArray();
    int hash = 0;
    for (char c : text) hash = 31 * hash + c;
    return names.of(text, 0, text.length, hash);
  }

  private char escape() throws IOException {
    if (at == end && !fill(at)) throw error("an escape");
    char c = buffer[at++];
    switch (c) {
      case 'n': return '\n';
      case 'r': return '\r';
      case 't': return '\t';
      case 'b': return '\b';
      case 'f': return '\f';
      case 'u': return unicode();
      default: return c;
    }
  }

  private char unicode() throws IOException {
    int code = 0;
    for (int i = 0; i < 4; i++) {
      int digit = at == end && !fill(at) ? -1 : Character.digit(buffer[at], 16);
      if (digit < 0) throw error("four hex digits");
      code = 16 * code + digit;
      at++;
    }
    return (char) code;
  }
}
