// Computes metrics with Deequ: specs.json in DEEQU_FOLDER names data sets (folders of Parquet files) and analyzers; a JSON
// object a metric goes to metrics.jsonl. Run by spark-shell.
import com.amazon.deequ.analyzers._
import com.amazon.deequ.analyzers.runners.AnalysisRunner
import com.amazon.deequ.metrics.{DoubleMetric, HistogramMetric, KLLMetric, Metric}
import org.json4s._
import org.json4s.jackson.JsonMethods._
import org.json4s.JsonDSL._
import java.io.{File, PrintWriter}

val folder = sys.env("DEEQU_FOLDER")
// By hand: json4s cannot make case classes of a shell.
def textOf(json: JValue, name: String): Option[String] = json \ name match { case JString(s) => Some(s); case _ => None }
def numberOf(json: JValue, name: String): Option[Double] = json \ name match {
  case JDouble(d) => Some(d); case JInt(i) => Some(i.toDouble); case _ => None }
class Spec(json: JValue) {
  val kind: String = textOf(json, "kind").get
  val columns: List[String] = (json \ "columns").children.collect { case JString(s) => s }
  val where: Option[String] = textOf(json, "where")
  val predicate: Option[String] = textOf(json, "predicate")
  val pattern: Option[String] = textOf(json, "pattern")
  val share: Option[Double] = numberOf(json, "share")
  val bins: Option[Int] = numberOf(json, "bins").map(_.toInt)
}

def analyzerOf(s: Spec): Analyzer[_, Metric[_]] = {
  val cs = s.columns
  lazy val c = cs.head
  val w = s.where
  val made = s.kind match {
    case "Size" => Size(w)
    case "ColumnCount" => ColumnCount()
    case "Completeness" => Completeness(c, w)
    case "ApproxCountDistinct" => ApproxCountDistinct(c, w)
    case "Minimum" => Minimum(c, w)
    case "Maximum" => Maximum(c, w)
    case "Mean" => Mean(c, w)
    case "Sum" => Sum(c, w)
    case "Range" => Range(c, w)
    case "ZerosCount" => ZerosCount(c, w)
    case "StandardDeviation" => StandardDeviation(c, w)
    case "Variance" => Variance(c, w)
    case "Skewness" => Skewness(c, w)
    case "Kurtosis" => Kurtosis(c, w)
    case "DataType" => DataType(c, w)
    case "InterquartileRange" => InterquartileRange(c, w)
    case "MinLength" => MinLength(c, w)
    case "MaxLength" => MaxLength(c, w)
    case "Uniqueness" => Uniqueness(cs, w)
    case "Distinctness" => Distinctness(cs, w)
    case "UniqueValueRatio" => UniqueValueRatio(cs, w)
    case "CountDistinct" => CountDistinct(cs)
    case "DuplicateRowCount" => DuplicateRowCount(cs, w)
    case "Entropy" => Entropy(c, w)
    case "MutualInformation" => MutualInformation(cs, w)
    case "Correlation" => Correlation(cs(0), cs(1), w)
    case "RatioOfSums" => RatioOfSums(cs(0), cs(1), w)
    case "Compliance" => Compliance("rule", s.predicate.get, w)
    case "PatternMatch" => PatternMatch(c, s.pattern.get.r, w)
    case "ApproxQuantile" => ApproxQuantile(c, s.share.get, where = w)
    case "ExactQuantile" => ExactQuantile(c, s.share.get, w)
    case "KLLSketch" => KLLSketch(c)
    case "Histogram" => Histogram(c, where = w)
    case "HistogramBinned" => HistogramBinned(c, binCount = s.bins, where = w)
  }
  made.asInstanceOf[Analyzer[_, Metric[_]]]
}

val out = new PrintWriter(new File(folder, "metrics.jsonl"), "UTF-8")
val specs = parse(scala.io.Source.fromFile(new File(folder, "specs.json"), "UTF-8").mkString)
for (JObject(fields) <- specs.children) {
  val set = JObject(fields)
  val name = textOf(set, "name").get
  val all = (set \ "analyzers").children.map(new Spec(_))
  val data = spark.read.parquet(new File(folder, name).getPath)
  val started = System.nanoTime()
  val context = AnalysisRunner.onData(data).addAnalyzers(all.map(analyzerOf)).run()
  val seconds = (System.nanoTime() - started) / 1e9
  all.zipWithIndex.foreach { case (spec, i) =>
    val metric: Option[Metric[_]] = context.metricMap.get(analyzerOf(spec).asInstanceOf[Analyzer[_, Metric[_]]])
    val numbers: List[(String, Double)] = metric match {
      case Some(kll: KLLMetric) => kll.value.toOption.toList.flatMap(_.buckets.zipWithIndex.map {
        case (bucket, b) => (s"KLL.count.$b", bucket.count.toDouble) })
      case Some(other) => other.flatten().toList.flatMap(m => m.value.toOption.map(v => (m.name, v)))
      case None => Nil
    }
    val json = ("dataset" -> name) ~ ("index" -> i) ~ ("kind" -> spec.kind) ~
      ("problem" -> metric.flatMap(_.value.failed.toOption).map(_.toString)) ~
      ("numbers" -> numbers.map { case (n, v) => JArray(List(JString(n), if (v.isNaN || v.isInfinite) JString(v.toString) else JDouble(v))) })
    out.println(compact(render(json)))
  }
  out.println(compact(render(("dataset" -> name) ~ ("seconds" -> seconds))))
  out.flush()
}
out.println("{\"finished\": true}")
out.close()
sys.exit(0)
