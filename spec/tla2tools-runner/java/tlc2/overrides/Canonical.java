package tlc2.overrides;

import java.util.Arrays;
import java.util.Map;
import java.util.WeakHashMap;
import tlc2.value.IValue;
import tlc2.value.impl.BoolValue;
import tlc2.value.impl.FcnRcdValue;
import tlc2.value.impl.IntValue;
import tlc2.value.impl.ModelValue;
import tlc2.value.impl.RecordValue;
import tlc2.value.impl.SetEnumValue;
import tlc2.value.impl.StringValue;
import tlc2.value.impl.TupleValue;
import tlc2.value.impl.Value;
import util.UniqueString;

/** Canonical JSON text of a TLC value: equal values have equal texts, whatever class TLC happens to keep them in. */
final class Canonical {
  private final StringBuilder out = new StringBuilder(256);

  private Canonical() {}

  /** One a thread: a trace makes thousands of texts. */
  private static final ThreadLocal<Canonical> OWN = ThreadLocal.withInitial(Canonical::new);

  static String text(IValue value) {
    return OWN.get().part((Value) value);
  }

  /** Whether two values have the same text. Writes texts only where two values are not of the same class. */
  static boolean same(Value one, Value other) {
    if (one == other) return true;
    if (one instanceof IntValue && other instanceof IntValue) return ((IntValue) one).val == ((IntValue) other).val;
    if (one instanceof StringValue && other instanceof StringValue)
      return ((StringValue) one).val.equals(((StringValue) other).val);
    if (one instanceof BoolValue && other instanceof BoolValue) return ((BoolValue) one).val == ((BoolValue) other).val;
    RecordValue record = recordOf(one);
    RecordValue otherRecord = record == null ? null : recordOf(other);
    if (otherRecord != null) return sameRecord(record, otherRecord);
    TupleValue tuple = tupleOf(one);
    TupleValue otherTuple = tuple == null ? null : tupleOf(other);
    if (otherTuple != null) return sameMembers(tuple.elems, otherTuple.elems);
    return text(one).equals(text(other));
  }

  private static boolean sameRecord(RecordValue one, RecordValue other) {
    if (one.names.length != other.names.length) return false;
    for (int i = 0; i < one.names.length; i++) {
      int at = i;
      if (one.names[i] != other.names[i]) {
        at = 0;
        while (at < other.names.length && one.names[i] != other.names[at]) at++;
        if (at == other.names.length) return false;
      }
      if (!same(one.values[i], other.values[at])) return false;
    }
    return true;
  }

  private static boolean sameMembers(Value[] one, Value[] other) {
    if (one.length != other.length) return false;
    for (int i = 0; i < one.length; i++) if (!same(one[i], other[i])) return false;
    return true;
  }

  /** A value as a record; null where it is none, or an empty one, which is not told from an empty sequence. */
  private static RecordValue recordOf(Value value) {
    if (value instanceof TupleValue || isSimple(value)) return null;
    Value record = value instanceof RecordValue ? value : value.toRcd();
    return record == null || ((RecordValue) record).names.length == 0 ? null : (RecordValue) record;
  }

  private static TupleValue tupleOf(Value value) {
    if (isSimple(value)) return null;
    return (TupleValue) (value instanceof TupleValue ? value : value.toTuple());
  }

  private static boolean isSimple(Value value) {
    return value instanceof IntValue || value instanceof BoolValue || value instanceof StringValue || value instanceof ModelValue;
  }

  /** The text of a member, which has to be sorted before it is written. */
  private String part(Value value) {
    int start = out.length();
    write(value);
    String text = out.substring(start);
    out.setLength(start);
    return text;
  }

  private void write(Value value) {
    if (value instanceof IntValue) out.append(((IntValue) value).val);
    else if (value instanceof BoolValue) out.append(((BoolValue) value).val);
    else if (value instanceof StringValue) quote(((StringValue) value).val.toString(), out);
    else if (value instanceof ModelValue) quote(((ModelValue) value).val.toString(), out);
    else writeCollection(value);
  }

  private void writeCollection(Value value) {
    // A record is a function over strings and a tuple is one over 1..n: ask for the most special form first.
    RecordValue record = recordOf(value);
    if (record != null) {
      writeRecord(record);
      return;
    }
    TupleValue tuple = tupleOf(value);
    if (tuple != null) {
      writeArray(tuple.elems);
      return;
    }
    Value function = value.toFcnRcd();
    if (function != null) {
      writeFunction((FcnRcdValue) function);
      return;
    }
    Value set = value.toSetEnum();
    if (set == null) throw new IllegalArgumentException("no canonical text for " + value.getKindString() + ": " + value);
    SetEnumValue members = (SetEnumValue) set;
    members.normalize();
    String[] texts = new String[members.elems.size()];
    for (int i = 0; i < texts.length; i++) texts[i] = part(members.elems.elementAt(i));
    writeSorted(texts);
  }

  /** The order of a record's fields by their texts. Records made of one another share their names, and that order with them. */
  private static final class Order {
    final UniqueString[] names;
    final int[] places;
    final String[] quoted;

    Order(UniqueString[] names) {
      this.names = names.clone();
      Integer[] sorted = new Integer[names.length];
      for (int i = 0; i < sorted.length; i++) sorted[i] = i;
      Arrays.sort(sorted, (a, b) -> names[a].toString().compareTo(names[b].toString()));
      places = new int[sorted.length];
      quoted = new String[sorted.length];
      for (int i = 0; i < sorted.length; i++) {
        places[i] = sorted[i];
        StringBuilder text = new StringBuilder();
        quote(names[sorted[i]].toString(), text);
        quoted[i] = text.append(':').toString();
      }
    }

    /** TLC sorts the names in place when it normalizes. */
    boolean fits(UniqueString[] now) {
      for (int i = 0; i < names.length; i++) if (names[i] != now[i]) return false;
      return true;
    }
  }

  private static final ThreadLocal<Map<UniqueString[], Order>> ORDERS = ThreadLocal.withInitial(WeakHashMap::new);

  private static Order orderOf(UniqueString[] names) {
    Map<UniqueString[], Order> known = ORDERS.get();
    Order order = known.get(names);
    if (order == null || !order.fits(names)) {
      order = new Order(names);
      known.put(names, order);
    }
    return order;
  }

  private void writeRecord(RecordValue record) {
    Order order = orderOf(record.names);
    for (int i = 0; i < order.places.length; i++) {
      out.append(i == 0 ? '{' : ',').append(order.quoted[i]);
      write(record.values[order.places[i]]);
    }
    out.append('}');
  }

  private void writeFunction(FcnRcdValue function) {
    function.normalize();
    Value[] domain = function.getDomainAsValues();
    boolean named = domain.length > 0;
    for (Value member : domain) named = named && (member instanceof StringValue || member instanceof ModelValue);
    if (named) {
      writeNamed(domain, function.values);
      return;
    }
    String[] texts = new String[domain.length];
    for (int i = 0; i < domain.length; i++) texts[i] = "[" + part(domain[i]) + "," + part(function.values[i]) + "]";
    writeSorted(texts);
  }

  private void writeNamed(Value[] domain, Value[] images) {
    String[] names = new String[domain.length];
    for (int i = 0; i < names.length; i++) names[i] = nameOf(domain[i]);
    String[] sorted = names.clone();
    Arrays.sort(sorted);
    for (int i = 0; i < sorted.length; i++) {
      int at = 0;
      // Domains of names are small.
      while (!names[at].equals(sorted[i])) at++;
      out.append(i == 0 ? '{' : ',');
      quote(sorted[i], out);
      out.append(':');
      write(images[at]);
    }
    out.append('}');
  }

  private static String nameOf(Value value) {
    return value instanceof StringValue ? ((StringValue) value).val.toString() : ((ModelValue) value).val.toString();
  }

  private void writeArray(Value[] members) {
    out.append('[');
    for (int i = 0; i < members.length; i++) {
      if (i > 0) out.append(',');
      write(members[i]);
    }
    out.append(']');
  }

  private void writeSorted(String[] texts) {
    Arrays.sort(texts);
    out.append('[').append(String.join(",", texts)).append(']');
  }

  static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') out.append('\\').append(c);
      else if (c == '\n') out.append("\\n");
      else if (c == '\r') out.append("\\r");
      else if (c == '\t') out.append("\\t");
      else if (c == '\b') out.append("\\b");
      else if (c == '\f') out.append("\\f");
      else if (c < ' ') out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    out.append('"');
  }
}
