import java.util.Arrays;
import java.util.Map;

/** Writes what the client has read as JSON again; each line of it has another writer. */
final class Json {
    private final StringBuilder text = new StringBuilder();

    private Json() {}

    static String of(Object value) {
        Json json = new Json();
        json.put(value);
        return json.text.toString();
    }

    private void put(Object value) {
        if (value instanceof Map) {
            putAll('{', ((Map<?, ?>) value).entrySet(), '}');
        } else if (value instanceof Map.Entry) {
            put(((Map.Entry<?, ?>) value).getKey());
            text.append(':');
            put(((Map.Entry<?, ?>) value).getValue());
        } else if (value instanceof Object[]) {
            putAll('[', Arrays.asList((Object[]) value), ']');
        } else if (value instanceof Iterable) {
            putAll('[', (Iterable<?>) value, ']');
        } else if (value instanceof String) {
            putText((String) value);
        } else {
            text.append(value);
        }
    }

    private void putAll(char begin, Iterable<?> values, char end) {
        text.append(begin);
        String before = "";
        for (Object value : values) {
            text.append(before);
            put(value);
            before = ",";
        }
        text.append(end);
    }

    private void putText(String value) {
        text.append('"');
        for (char c : value.toCharArray()) {
            if (c == '"' || c == '\\' || c < ' ') text.append(String.format("\\u%04x", (int) c));
            else text.append(c);
        }
        text.append('"');
    }
}
